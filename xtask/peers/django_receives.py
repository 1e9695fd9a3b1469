"""A shop built with Django and django-paypal is told by the demo's sandbox, and asks it whether a message is genuine.

What has become of each message is read from the shop's own database. A message that the sandbox never sent has to be
flagged there, because the sandbox answers INVALID.
"""

import decimal
import importlib.metadata
import json
import logging
import os
import tempfile
import threading
import urllib.parse
import wsgiref.simple_server

import ours

BUYER = "Jördis Müller"
# The ways in which the sandbox writes, each with a name that its charset has letters for.
WRITINGS = {
    "utf8": "Олена Müller",
    "koi8_r": "Олена Петренко",
    "gb2312": "Mia 李",
    "simulator": "Jördis Müller",
}


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


def start_shop(folder, sandbox_url):
    """Starts the shop on a free port; gives the address that PayPal tells, and its table of messages."""
    os.environ["SHOP_DATABASE"] = os.path.join(folder, "shop.sqlite3")
    os.environ["DJANGO_SETTINGS_MODULE"] = "django_paypal.settings"
    import django
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    # It would say that the simulator's writing names no charset.
    logging.disable(logging.WARNING)
    django.setup()
    call_command("migrate", verbosity=0)
    import paypal.standard.models as models
    from paypal.standard.ipn.models import PayPalIPN

    # There is no setting for it: these are where it asks.
    models.POSTBACK_ENDPOINT = models.SANDBOX_POSTBACK_ENDPOINT = sandbox_url
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/paypal/", PayPalIPN.objects


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


class Shop:
    def __init__(self, notify_url, table):
        self.notify_url, self.table = notify_url, table

    def told(self, invoice, status):
        """The message of this status about an order, as the shop keeps it; the last one if there are more."""
        messages = self.table.filter(invoice=invoice, payment_status=status).exclude(response="")
        return ours.until(f"{invoice} {status}", messages.last)

    def genuine(self, invoice, status, amount, buyer=BUYER):
        message = self.told(invoice, status)
        ours.check(not message.flag, f"{invoice} {status}: {message.flag_info}")
        ours.check(message.response == "VERIFIED", message.response)
        ours.check(message.mc_gross == decimal.Decimal(amount), f"{invoice} {status}: {message.mc_gross}")
        ours.check(message.mc_currency == "EUR" and message.custom == "a=1&b=2" and message.test_ipn, invoice)
        ours.check(f"{message.first_name} {message.last_name}" == buyer, message.query)

    def hear(self, body):
        """Tells the shop something; gives what it has kept of it."""
        before = self.table.count()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, answer = ours.http("POST", self.notify_url, body, headers)
        ours.check(status == 200 and answer == b"OKAY", answer)
        ours.check(self.table.count() == before + 1, "one more message")
        return self.table.last()


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
        shop = Shop(*start_shop(folder, sandbox.webscr))
        every_step_of_a_payment(sandbox, shop)
        every_writing(sandbox, shop)
        every_kind_of_message(sandbox, shop)
        verified = shop.table.filter(response="VERIFIED").count()
        forgeries_are_flagged(shop)
        invalid = shop.table.filter(response="INVALID").count()
    version = importlib.metadata.version("django-paypal")
    print(f"django-paypal {version}: {verified} messages verified, {invalid} forgeries flagged")


main()
