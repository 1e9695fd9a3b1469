"""Has the payment services' libraries sign messages, and sends them to a running demo, which has to accept them.

The messages are the sandbox's own, written anew in Python's way of writing JSON: other blanks, other escapes. Each is
sent a second time with a changed character and has to be refused. Where the reply is signed, the library checks it.
"""

import datetime
import json
import time

import ours

import Adyen.util
import nowpayments.ipn
import paddle_billing.Notifications
import standardwebhooks
import stripe
import wayforpay

SECRET = "of-this-test-and-nobody-else"
BASE64_SECRET = "whsec_YSBzZWNyZXQgb2YgdGhpcyB0ZXN0"
HEX_SECRET = "0123456789ABCDEF" * 4


def by_stripe(document):
    body = json.dumps(document, indent=2)
    return body, {"Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, SECRET)}


def by_standard_webhooks(document):
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    body, id = json.dumps(document), "msg_" + document["data"]["order_id"]
    signature = standardwebhooks.Webhook(BASE64_SECRET).sign(id, now, body)
    return body, {"Webhook-Id": id, "Webhook-Timestamp": str(int(now.timestamp())), "Webhook-Signature": signature}


def by_svix_names(document):
    body, headers = by_standard_webhooks(document)
    return body, {name.replace("Webhook-", "Svix-"): value for name, value in headers.items()}


def by_adyen(document):
    item = document["notificationItems"][0]["NotificationRequestItem"]
    unsigned = {name: value for name, value in item.items() if name != "additionalData"}
    signature = Adyen.util.generate_notification_sig(unsigned, HEX_SECRET).decode()
    item["additionalData"]["hmacSignature"] = signature
    return json.dumps(document), {"Authorization": "Basic dTpwLW9mLXRoaXMtdGVzdA=="}


def by_paddle(document):
    body, now = json.dumps(document), int(time.time())
    sign = paddle_billing.Notifications.PaddleSignature.calculate_hmac
    return body, {"Paddle-Signature": f"ts={now};h1={sign(SECRET, f'{now}:{body}'.encode()).hexdigest()}"}


def by_nowpayments(document):
    # Numbers that can be written in more than one way. Letters beyond ASCII are left out: this library escapes them, and
    # NOWPayments itself, which signs what JavaScript writes, does not.
    document |= {"actually_paid_at_fiat": 0.00001234, "outcome_amount": 1e16}
    return json.dumps(document), {"X-Nowpayments-Sig": nowpayments.ipn.create_ipn_signature(document, SECRET)}


def by_wayforpay(document):
    signed = ["orderReference", "amount", "currency", "authCode", "cardPan", "transactionStatus", "reasonCode"]
    values = [document[name] for name in signed]
    document["merchantSignature"] = wayforpay._signature.hmac_md5(SECRET, document["merchantAccount"], *values)
    return json.dumps(document), {}


def wayforpay_reply(reply):
    return wayforpay.verify_ack(reply, wayforpay._signature.SignatureContext("", SECRET))


ADYEN = {"hmac_key": HEX_SECRET, "user": "u", "password": "p-of-this-test"}
WAYFORPAY = {"merchant_account": "ipnd_sandbox_shop", "secret_key": SECRET}
STANDARD = {"secret": BASE64_SECRET, "mapping": "apply"}
SIGNERS = [
    ("stripe", by_stripe, {"signing_secret": SECRET}, None),
    ("standard-webhooks", by_standard_webhooks, STANDARD, None),
    ("standard-webhooks", by_svix_names, STANDARD, None),
    ("adyen", by_adyen, ADYEN, None),
    ("paddle", by_paddle, {"secret_key": SECRET}, None),
    ("nowpayments", by_nowpayments, {"ipn_secret": SECRET}, None),
    ("wayforpay", by_wayforpay, WAYFORPAY, wayforpay_reply),
]


def check(demo, number, gateway, sign, settings, reply):
    account = {"gateway": gateway, "name": sign.__name__, "environment": "sandbox", "settings": settings}
    account = demo.api("POST", "/v1/accounts", account)
    reference = f"SIGNED-{number}"
    demo.register(reference, "25.99")
    [composed] = ours.composed(gateway, "payment.completed", "--order", reference, "--amount", "25.99")
    body, headers = sign(json.loads(composed.body))

    def send(body):
        return ours.http("POST", account["intake_url"], body.encode(), {"Content-Type": "application/json"} | headers)

    # The reference is signed by all of them.
    status, _, answer = send(body.replace(reference, f"{reference}0"))
    ours.check(status in (400, 401), f"{gateway}: a changed message is refused: {status} {answer}")
    status, _, answer = send(body)
    ours.check(status in (200, 202), f"{gateway}: {status} {answer} to {body}")
    ours.check(reply is None or reply(answer), f"{gateway}: the library refuses the reply {answer}")
    demo.wait_for(reference, "paid")


def main():
    ours.give_up_after(120)
    demo = ours.Demo()
    for number, signer in enumerate(SIGNERS):
        check(demo, number, *signer)
    print(f"{len(SIGNERS)} payments signed by libraries, each accepted, and refused with another order number")


main()
