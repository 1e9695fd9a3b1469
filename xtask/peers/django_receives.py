"""A shop built with Django and django-paypal is told by the demo's sandbox, and asks it whether a message is genuine.

What has become of each message is read from the shop's own database. A message that the sandbox never sent has to be
flagged there, because the sandbox answers INVALID.
"""

import decimal
import importlib.metadata
import json
import tempfile
import urllib.parse

import django_shop
import ours

BUYER = "Jördis Müller"
# The ways in which the sandbox writes, each with a name that its charset has letters for.
WRITINGS = {
    "utf8": "Олена Müller",
    "koi8_r": "Олена Петренко",
    "gb2312": "Mia 李",
    "simulator": "Jördis Müller",
}


class Sandbox:
    """The demo's stand-in for PayPal, as a browser uses it."""

    def __init__(self, demo):
        self.base_url = demo.base_url
        self.webscr = self.base_url + "/sandbox/paypal/cgi-bin/webscr"

    def post(self, path, fields):
        url = path if "://" in path else self.base_url + path
        form = urllib.parse.urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base_url}
        status, headers, body = ours.http("POST", url, form, headers)
        ours.check(status in (302, 303), f"{path}: {status} {body.decode()}")
        return headers["Location"]

    def pay(self, notify_url, invoice, outcome="pay", buyer=BUYER):
        """Goes from the shop's form to the end of the payment page; gives the transaction."""
        form = {"cmd": "_xclick", "business": "shop@example.com", "item_name": "Tea", "currency_code": "EUR"}
        form |= {"amount": "12.34", "invoice": invoice, "custom": "a=1&b=2", "notify_url": notify_url}
        page = self.post(self.webscr, form | {"return": "http://127.0.0.1/thanks"})
        back = self.post(page, {"outcome": outcome, "name": buyer, "email": "buyer@example.com"})
        return urllib.parse.parse_qs(urllib.parse.urlparse(back).query)["tx"][0]

    def act(self, transaction, action, amount=""):
        self.post(f"/sandbox/paypal/transactions/{transaction}", {"action": action, "amount": amount})

    def played(self, kind):
        """Has the demo tell its own account of something; gives the bodies that were sent."""
        wish = json.dumps({"gateway": "paypal-ipn", "event": kind}).encode()
        headers = {"Content-Type": "application/json", "Origin": self.base_url}
        _, _, answer = ours.http("POST", self.base_url + "/sandbox/plays", wish, headers)
        url = f"{self.base_url}/sandbox/plays/{json.loads(answer)['play']}"

        def finished():
            messages = json.loads(ours.http("GET", url)[2])["messages"]
            return all(message["is_over"] for message in messages) and messages

        return [message["request"]["body"].encode() for message in ours.until(kind, finished)]


class Shop(django_shop.Shop):
    def genuine(self, invoice, status, amount, buyer=BUYER):
        message = self.told(invoice, status)
        ours.check(not message.flag, f"{invoice} {status}: {message.flag_info}")
        ours.check(message.response == "VERIFIED", message.response)
        ours.check(message.mc_gross == decimal.Decimal(amount), f"{invoice} {status}: {message.mc_gross}")
        ours.check(message.mc_currency == "EUR" and message.custom == "a=1&b=2" and message.test_ipn, invoice)
        ours.check(f"{message.first_name} {message.last_name}" == buyer, message.query)


def every_step_of_a_payment(sandbox, shop):
    sandbox.pay(shop.notify_url, "DJ-1")
    shop.genuine("DJ-1", "Completed", "12.34")
    transaction = sandbox.pay(shop.notify_url, "DJ-2", "echeck")
    shop.genuine("DJ-2", "Pending", "12.34")
    for action, amount, status, gross in [
        ("clear", "", "Completed", "12.34"),
        ("refund_part", "2.00", "Refunded", "-2.00"),
        ("reverse_chargeback", "", "Reversed", "-10.34"),
        ("cancel_reversal", "", "Canceled_Reversal", "10.34"),
    ]:
        sandbox.act(transaction, action, amount)
        shop.genuine("DJ-2", status, gross)


def every_writing(sandbox, shop):
    for writing, buyer in WRITINGS.items():
        sandbox.post("/sandbox/paypal/faults", {"writing": writing, "postback": "truthful"})
        sandbox.pay(shop.notify_url, writing, buyer=buyer)
        shop.genuine(writing, "Completed", "12.34", buyer)


def every_kind_of_message(sandbox, shop):
    """What the demo has told its own account, put to the shop as well: it asks about the same bytes."""
    for kind in ours.gateways()["paypal-ipn"]["events"]:
        for body in sandbox.played(kind):
            message = shop.hear(body)
            ours.check(message.response == "VERIFIED", f"{kind}: {message.response}")
            # A dispute is about a transaction and has no status of a payment, which django-paypal does not know.
            expected = "Invalid payment_status. ()" if message.txn_type == "new_case" else ""
            ours.check(message.flag_info == expected, f"{kind}: {message.flag_info}")


def forgeries_are_flagged(shop):
    genuine = shop.told("DJ-1", "Completed").query
    ours.check("mc_gross=12.34" in genuine, genuine)
    first, rest = genuine.split("&", 1)
    for forged in [
        genuine.replace("mc_gross=12.34", "mc_gross=12.35"),
        genuine.replace("invoice=DJ-1", "invoice=DJ-3"),
        f"{genuine}&memo=x",
        f"{rest}&{first}",
    ]:
        message = shop.hear(forged.encode())
        ours.check(message.flag and message.response == "INVALID", f"flagged: {message.query}")
    # What was really sent and comes a second time is something else.
    message = shop.hear(genuine.encode())
    ours.check(message.response == "VERIFIED" and message.flag_info.startswith("Duplicate"), message.flag_info)


def main():
    ours.give_up_after(180)
    sandbox = Sandbox(ours.Demo())
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(folder)
        shop.ask(sandbox.webscr)
        every_step_of_a_payment(sandbox, shop)
        every_writing(sandbox, shop)
        every_kind_of_message(sandbox, shop)
        verified = shop.table.filter(response="VERIFIED").count()
        forgeries_are_flagged(shop)
        invalid = shop.table.filter(response="INVALID").count()
    version = importlib.metadata.version("django-paypal")
    print(f"django-paypal {version}: {verified} messages verified, {invalid} forgeries flagged")


main()
