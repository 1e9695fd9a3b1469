"""Flask with Stripe's own library and psycopg, as the documentation of each has it. DATABASE_URL, SIGNING_SECRET."""

import json
import os

import stripe
from flask import Flask, abort, jsonify, request
from psycopg_pool import ConnectionPool

app = Flask(__name__)
pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=4, open=True)


@app.post("/webhook")
def webhook():
    body = request.get_data()
    try:
        event = stripe.Webhook.construct_event(
            body, request.headers["Stripe-Signature"], os.environ["SIGNING_SECRET"]
        )
    except (ValueError, KeyError, stripe.SignatureVerificationError):
        abort(400)
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO notifications (event_id, type, headers, body) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (event.id, event.type, json.dumps(dict(request.headers)), body),
        )
    return jsonify(received=True)
