// Express with Stripe's own library and pg, as the documentation of each has it. PORT, DATABASE_URL, SIGNING_SECRET.
const express = require("express");
const { Pool } = require("pg");
const stripe = require("stripe")("sk_test_nobody");

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const app = express();

app.post("/webhook", express.raw({ type: "application/json" }), async (request, response) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(
      request.body, request.headers["stripe-signature"], process.env.SIGNING_SECRET);
  } catch (error) {
    return response.status(400).send(`Webhook Error: ${error.message}`);
  }
  await pool.query(
    "INSERT INTO notifications (event_id, type, headers, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    [event.id, event.type, JSON.stringify(request.headers), request.body]);
  response.json({ received: true });
});

app.listen(Number(process.env.PORT), "127.0.0.1");
