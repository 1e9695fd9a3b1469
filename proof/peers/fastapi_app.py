"""FastAPI with Stripe's own library and asyncpg, as the documentation of each has it. DATABASE_URL, SIGNING_SECRET."""

import json
import os
from contextlib import asynccontextmanager

import asyncpg
import stripe
from fastapi import FastAPI, HTTPException, Request


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=8)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/webhook")
async def webhook(request: Request):
    body = await request.body()
    try:
        event = stripe.Webhook.construct_event(
            body, request.headers["stripe-signature"], os.environ["SIGNING_SECRET"]
        )
    except (ValueError, KeyError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400)
    async with app.state.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO notifications (event_id, type, headers, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            event.id,
            event.type,
            json.dumps(dict(request.headers)),
            body,
        )
    return {"received": True}
