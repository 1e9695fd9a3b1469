"""Has localstripe, a stand-in for Stripe that is not ours, tell a running demo of payments.

It is driven through Stripe's own library, like a shop drives Stripe, and what has become of it is read from the demo's
API. A webhook with another secret has to be refused.
"""

import asyncio
import importlib.metadata
import logging
import threading

import ours

import stripe
from aiohttp import web
from localstripe import resources, server

SECRET = "whsec_OfThisTestAndNobodyElse"
GOOD, REFUSED = "4242424242424242", "4000000000000341"


def serve():
    """Starts localstripe on a free port of the loopback address; its own start would listen on all addresses."""
    # It would keep its objects in a file that the next start reads.
    resources.store.dump_to_disk = lambda: None
    # Stripe has always sent this field; localstripe leaves it out, and a payment without an amount pays nothing.
    resources.PaymentIntent.amount_received = property(
        lambda intent: intent.amount if intent.status == "succeeded" else 0
    )
    started, loop = threading.Event(), asyncio.new_event_loop()

    async def start():
        runner = web.AppRunner(server.app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        serve.port = runner.addresses[0][1]
        started.set()

    def run():
        loop.run_until_complete(start())
        loop.run_forever()

    threading.Thread(target=run, daemon=True).start()
    ours.check(started.wait(ours.PATIENCE_SECONDS), "localstripe starts")
    return f"http://127.0.0.1:{serve.port}"


def replies_to_webhooks():
    """What localstripe writes into its log of what it has heard, line by line."""
    lines = []

    class Lines(logging.Handler):
        def emit(self, record):
            if record.getMessage().startswith("webhook "):
                lines.append(record.getMessage())

    log = logging.getLogger("aiohttp.access")
    log.setLevel(logging.INFO)
    log.addHandler(Lines())
    return lines


class Shop:
    """A shop that sells through localstripe and is told by it through ipnd."""

    def __init__(self, url, demo):
        self.url, self.demo = url, demo
        self.client = stripe.StripeClient("sk_test_of_this_test", base_addresses={"api": url}).v1
        account = {"gateway": "stripe", "name": "localstripe", "environment": "sandbox"}
        self.account = demo.api("POST", "/v1/accounts", {**account, "settings": {"signing_secret": SECRET}})
        self.webhook(SECRET)

    def webhook(self, secret):
        form = f"url={self.account['intake_url']}&secret={secret}".encode()
        status, _, answer = ours.http("POST", f"{self.url}/_config/webhooks/ipnd", form)
        ours.check(status == 200, f"localstripe takes the webhook: {answer}")

    def customer(self, card=GOOD):
        customer = self.client.customers.create({"email": "customer@example.com"})
        details = {"number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        method = self.client.payment_methods.create({"type": "card", "card": details})
        self.client.payment_methods.attach(method.id, {"customer": customer.id})
        self.client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
        return customer.id, method.id

    def pay(self, reference, amount, card=GOOD):
        customer, method = self.customer(card)
        intent = {"amount": amount, "currency": "eur", "customer": customer, "payment_method": method}
        try:
            self.client.payment_intents.create({**intent, "metadata": {"order_id": reference}, "confirm": True})
        except stripe.CardError:
            pass

    def subscribe(self, amount):
        customer, _ = self.customer()
        product = self.client.products.create({"name": "Tea, monthly", "type": "service"})
        plan = {"amount": amount, "currency": "eur", "interval": "month", "product": product.id}
        plan = self.client.plans.create(plan)
        return self.client.subscriptions.create({"customer": customer, "items": [{"plan": plan.id}]}).id

    def told(self, kind):
        """What ipnd has understood, by the thing that it is about."""
        events = self.demo.api("GET", f"/v1/events?kind={kind}&limit=199")["data"]
        return {event["subscription"] or event["transaction"]: event for event in events}

    def heard(self):
        """Everything that ipnd has accepted and judged."""
        heard = self.demo.notifications(self.account["id"])
        return [] if any(one["state"] == "waiting" for one in heard) else heard

    def count_sent(self):
        return len(self.client.events.list({"limit": 1000}).data)


def everything_is_genuine_and_understood(shop, demo):
    demo.register("LS-1", "12.34")
    demo.register("LS-2", "12.34")
    shop.pay("LS-1", 1234)
    shop.pay("LS-2", 1234, card=REFUSED)
    subscription = shop.subscribe(900)
    shop.client.subscriptions.cancel(subscription)
    payout = shop.client.payouts.create({"amount": 500, "currency": "eur"})
    shop.client.payouts.cancel(payout.id)

    demo.wait_for("LS-1", "paid")
    demo.wait_for("LS-2", "failed")
    heard = ours.until("all messages", lambda: len(shop.heard()) == shop.count_sent() and shop.heard())
    for one in heard:
        ours.check(one["state"] == "genuine", one)
    for kind, about in [
        ("subscription.started", subscription),
        ("payment.completed", subscription),
        ("subscription.cancelled", subscription),
        ("payout.failed", payout.id),
    ]:
        ours.check(about in shop.told(kind), f"{kind} is told of {about}: {shop.told(kind)}")
    amount = shop.told("payment.completed")[subscription]["amount"]
    ours.check(amount == {"amount": "9.00", "currency": "EUR"}, amount)
    return len(heard)


def another_secret_is_refused(shop, demo, replies):
    demo.register("LS-3", "12.34")
    before = len(shop.heard())
    shop.webhook("whsec_OfSomebodyElse")
    replies.clear()
    shop.pay("LS-3", 1234)
    ours.until("three refusals", lambda: len(replies) == 3)
    for reply in replies:
        ours.check("failed with response code 400" in reply, reply)
    ours.check(len(shop.heard()) == before, "nothing of it is kept")
    ours.check(demo.status("LS-3") == "open", "LS-3 stays open")
    shop.webhook(SECRET)
    shop.pay("LS-3", 1234)
    demo.wait_for("LS-3", "paid")


def main():
    ours.give_up_after(180)
    demo = ours.Demo()
    replies = replies_to_webhooks()
    shop = Shop(serve(), demo)
    count = everything_is_genuine_and_understood(shop, demo)
    another_secret_is_refused(shop, demo, replies)
    version = importlib.metadata.version("localstripe")
    print(f"localstripe {version}: {count} messages accepted and genuine; 3 with another secret refused")


main()
