"""A shop built with Django and django-paypal is told by ipnd of payments made elsewhere, as if PayPal had told it.

It asks ipnd, and nobody else, whether a message is genuine. Everything that ipnd never sent, or sent to somebody else,
has to be flagged.
"""

import decimal
import importlib.metadata
import tempfile
import urllib.parse

import django_shop
import ours
from receiver import Receiver

# Letters beyond ASCII: they have to arrive in the charset that the message names.
NAME = "Grüner Tee 綠茶"
SELLER = "seller@example.com"
AMOUNT = ["--amount", "12.34", "--currency", "EUR"]


class Telling:
    """The demo with the shop as its endpoint, and with another endpoint of the same form that is somebody else's."""

    def __init__(self, demo, shop):
        self.demo, self.shop, self.receiver = demo, shop, Receiver()
        self.endpoint = self.open("Django", shop.notify_url, SELLER)
        self.open("Somebody else", self.receiver.url("else"), "else@example.com")
        shop.ask(self.endpoint["ask_url"])

    def open(self, name, url, receivers):
        return self.demo.endpoint(name, url, dialect="paypal-ipn", settings={"receivers": receivers})

    def event(self, reference, kind):
        found = self.demo.api("GET", f"/v1/events?kind={kind}&limit=199")["data"]
        [event] = [event for event in found if event["order"] and event["order"]["reference"] == reference]
        return event

    def genuine(self, reference, kind, status, gross):
        """What the shop has kept of an event, once it is as ipnd knows it."""
        message, event = self.shop.told(reference, status), self.event(reference, kind)
        ours.check(message.response == "VERIFIED", message.response)
        ours.check(not message.flag, f"{reference} {status}: {message.flag_info}")
        amount = (message.mc_gross, message.mc_currency)
        ours.check(amount == (decimal.Decimal(gross), "EUR"), f"{reference} {status}: {amount}")
        ours.check(message.txn_id == event["transaction"] and message.txn_id, message.query)
        ours.check(message.receiver_email == SELLER, message.receiver_email)
        # A shop with PAYPAL_TEST off would see that this is play money.
        ours.check(message.test_ipn, message.query)
        ours.until(f"a signal of {reference} {status}", lambda: message.pk in self.shop.valid)
        return message


def a_payment_at_stripe(telling):
    telling.demo.register("PP-1", "12.34", name=NAME)
    telling.demo.trigger("stripe", "payment.completed", "PP-1", *AMOUNT)
    message = telling.genuine("PP-1", "payment.completed", "Completed", "12.34")
    ours.check(message.item_name == NAME and message.first_name == "Jördis", message.query)


def a_payment_and_its_refund_at_adyen(telling):
    """Of which Adyen tells by its own amount. The same transaction's other states are no duplicates."""
    telling.demo.register("PP-2", "12.34", name=NAME)
    telling.demo.trigger("adyen", "payment.completed", "PP-2", *AMOUNT)
    payment = telling.genuine("PP-2", "payment.completed", "Completed", "12.34")
    telling.demo.trigger("adyen", "refund.completed", "PP-2")
    refund = telling.genuine("PP-2", "refund.completed", "Refunded", "-12.34")
    ours.check(refund.parent_txn_id == payment.txn_id, refund.query)


def everything_has_arrived(telling):
    """The shop's answer is one with which ipnd is content, and nothing is told twice."""
    ours.until("three deliveries", lambda: len(telling.demo.delivered(telling.endpoint)) == 3)
    for told in telling.demo.delivered(telling.endpoint):
        ours.check(told["attempts"] == 1 and told["status"] == 200, told)
    ours.check(telling.shop.table.count() == 3 and not telling.shop.invalid, "three messages, all valid")


def forged(query):
    """What ipnd has sent, with one thing changed, and what it never sent at all."""
    first, rest = query.split("&", 1)
    yield "another amount", query.replace("mc_gross=12.34", "mc_gross=12.35")
    yield "another order", query.replace("invoice=PP-1", "invoice=PP-3")
    yield "another transaction", query.replace("txn_id=", "txn_id=X")
    yield "the same letters in other words", query.replace("%40", "@")
    yield "one field more", f"{query}&memo=x"
    yield "another sequence", f"{rest}&{first}"
    fields = {"txn_id": "X1", "payment_status": "Completed", "invoice": "PP-1", "mc_gross": "12.34", "test_ipn": "1"}
    yield "never sent", urllib.parse.urlencode(fields)


def forgeries_are_flagged(telling):
    shop, genuine = telling.shop, telling.shop.told("PP-1", "Completed").query
    # T-D15: genuine, but told to somebody else.
    elsewhere = telling.receiver.message("else", 1).body.decode()
    ours.check("else%40example.com" in elsewhere and "invoice=PP-1" in elsewhere, elsewhere)
    bodies = [*forged(genuine), ("somebody else's", elsewhere)]
    for what, body in bodies:
        ours.check(body != genuine, what)
        message = shop.hear(body.encode())
        ours.check(message.response == "INVALID" and message.flag, f"{what}: {message.response} {message.query}")
        ours.check(message.pk in shop.invalid and message.pk not in shop.valid, what)
    # What was really sent and comes a second time is something else.
    message = shop.hear(genuine.encode())
    ours.check(message.response == "VERIFIED" and message.flag_info.startswith("Duplicate"), message.flag_info)
    return len(bodies)


def main():
    ours.give_up_after(120)
    with tempfile.TemporaryDirectory() as folder:
        telling = Telling(ours.Demo(), django_shop.Shop(folder))
        a_payment_at_stripe(telling)
        a_payment_and_its_refund_at_adyen(telling)
        everything_has_arrived(telling)
        count = forgeries_are_flagged(telling)
    version = importlib.metadata.version("django-paypal")
    print(f"django-paypal {version}: 3 messages from ipnd verified, {count} forgeries flagged")


main()
