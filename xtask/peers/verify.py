"""Has the payment services' libraries check what the sandbox sends in their name.

Everything that a gateway can tell is composed and verified, every event and every history. So that the check can fail,
the same request is put to the library with a changed message, a changed signature and another secret, and, where a time
is signed, an hour late; it has to refuse each of them. Ids on the command line leave out all other gateways.
"""

import importlib.metadata
import json
import re
import sys
import urllib.parse

import ours

import Adyen.util
import mercadopago.webhook
import nowpayments
import paddle_billing.Entities.Event
import paddle_billing.Notifications
import paddle_billing.Notifications.Entities.UndefinedEntity
import standardwebhooks
import stripe
import svix.webhooks
import wayforpay

# How old a message may be for libraries that have to be told. Paddle's own 5 s are less than a busy machine needs.
WINDOW_SECONDS = 300


def by_stripe(request, secret):
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], secret)
    return event.object == "event" and event.data.object.id


def by_standard_webhooks(request, secret):
    return standardwebhooks.Webhook(secret).verify(request.body, request.headers)


def by_svix(request, secret):
    # It raises where it refuses, and gives nothing back where it does not.
    svix.webhooks.Webhook(secret).verify(request.body, request.headers)
    return True


def by_svix_names(request, secret):
    """Under the names that Svix gave the headers before they became a standard."""
    names = {name.replace("webhook-", "svix-"): value for name, value in request.headers.items()}
    svix.webhooks.Webhook(secret).verify(request.body, names)
    return True


def by_adyen(request, secret):
    return Adyen.util.is_valid_hmac_notification(json.loads(request.body), secret)


def by_paddle(request, secret):
    class Named:
        # The library asks for the header by the name in Paddle's documentation, as web frameworks understand it.
        headers = {name.title(): value for name, value in request.headers.items()}
        body = request.body

    secret = paddle_billing.Notifications.Secret(secret)
    return paddle_billing.Notifications.Verifier(WINDOW_SECONDS).verify(Named, secret) and reads_paddle(request)


def reads_paddle(request):
    """Whether the library finds every field of Paddle's own in the message."""
    event = paddle_billing.Entities.Event.Event.from_dict(json.loads(request.body))
    return not isinstance(event.data, paddle_billing.Notifications.Entities.UndefinedEntity.UndefinedEntity)


def by_mercado_pago(request, secret):
    given = request.headers["x-signature"], request.headers["x-request-id"]
    [id] = urllib.parse.parse_qs(request.query)["data.id"]
    validate = mercadopago.webhook.WebhookSignatureValidator.validate
    validate(*given, id, secret, tolerance_seconds=WINDOW_SECONDS)
    return True


def by_wayforpay(request, secret):
    account = json.loads(request.body)["merchantAccount"]
    return wayforpay.verify_callback(request.body, wayforpay._signature.SignatureContext(account, secret))


def by_nowpayments(request, secret):
    return nowpayments.verify_ipn_signature(request.body.decode(), request.headers["x-nowpayments-sig"], secret)


class Peer:
    def __init__(self, package, gateway, verify, setting, secret, signature, message=rb"\r\n\r\n\D*(\d)", time=True):
        self.package, self.gateway, self.verify = package, gateway, verify
        self.setting, self.secret = setting, secret
        # One character of the signature, and one of what is signed.
        self.signature, self.message = re.compile(signature), re.compile(message)
        self.signs_time = time

    def other_secret(self):
        """Of the same form; another character in the middle."""
        half = len(self.secret) // 2
        other = "A" if self.secret[half] != "A" else "B"
        return self.secret[:half] + other + self.secret[half + 1 :]

    def composed(self, *arguments):
        return ours.composed(self.gateway, *arguments, "--order", "A-1001", "--set", f"{self.setting}={self.secret}")

    def accepts(self, request, secret=None):
        try:
            return self.verify(request, secret or self.secret)
        except Exception as refusal:  # Each library has exceptions of its own.
            self.refusal = refusal
            return False

    def check(self, what, request):
        ours.check(self.accepts(request), f"{self.package} refuses {what}: {request.wire!r}")
        refused = {
            "a changed message": (request.altered(self.message), self.secret),
            "a changed signature": (request.altered(self.signature), self.secret),
            "another secret": (request, self.other_secret()),
        }
        for how, (wrong, secret) in refused.items():
            ours.check(not self.accepts(wrong, secret), f"{self.package} accepts {what} with {how}")

    def run(self, played):
        count = 0
        wishes = [[event] for event in played["events"]]
        wishes += [["--scenario", scenario] for scenario in played["scenarios"]]
        for wish in wishes:
            for request in self.composed(*wish):
                self.check(f"{self.gateway} {wish[-1]}", request)
                count += 1
        if self.signs_time:
            late = self.composed(played["events"][0], "--fault", "stale")
            ours.check(not any(map(self.accepts, late)), f"{self.package} accepts a message that is an hour late")
        version = importlib.metadata.version(self.package)
        print(f"{self.package} {version}: {count} messages of {self.gateway}, {len(played['events'])} kinds")


STANDARD = ("secret", "whsec_YSBzZWNyZXQgb2YgdGhpcyB0ZXN0", rb"webhook-signature: v1,(.)")
PEERS = [
    Peer("stripe", "stripe", by_stripe, "signing_secret", "whsec_OfThisTestAndNobodyElse", rb"v1=(\w)"),
    Peer("standardwebhooks", "standard-webhooks", by_standard_webhooks, *STANDARD),
    Peer("svix", "standard-webhooks", by_svix, *STANDARD),
    Peer("svix", "standard-webhooks", by_svix_names, *STANDARD),
    Peer("Adyen", "adyen", by_adyen, "hmac_key", "0123456789ABCDEF" * 4, rb'"hmacSignature":"(.)', time=False),
    Peer("paddle-python-sdk", "paddle", by_paddle, "secret_key", "pdl_ntfset_of_this_test", rb"h1=(\w)"),
    Peer(
        "mercadopago",
        "mercado-pago",
        by_mercado_pago,
        "webhook_secret",
        "of-this-test-and-nobody-else",
        rb"v1=(\w)",
        # The body is not signed: it only says where to ask.
        message=rb"data\.id=(\w)",
    ),
    Peer(
        "pywayforpay",
        "wayforpay",
        by_wayforpay,
        "secret_key",
        "of-this-test-and-nobody-else",
        rb'"merchantSignature":"(\w)',
        message=rb'"amount":(\d)',
        time=False,
    ),
    Peer(
        "nowpayments-py",
        "nowpayments",
        by_nowpayments,
        "ipn_secret",
        "of-this-test-and-nobody-else",
        rb"x-nowpayments-sig: (\w)",
        time=False,
    ),
]


def main():
    ours.give_up_after(300)
    played = ours.gateways()
    wanted = sys.argv[1:]
    for peer in PEERS:
        if not wanted or peer.gateway in wanted:
            peer.run(played[peer.gateway])


main()
