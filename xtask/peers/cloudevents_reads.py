"""Has the SDK of CloudEvents read what a shop is told in that form, in both of its ways."""

import datetime
import importlib.metadata

import cloudevents.v1.exceptions
import cloudevents.v1.http
import ours
import verifiers
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from receiver import Receiver

NAME = "Grüner Tee 綠茶 “süß”"


def by_version_2(message):
    event = from_http(HTTPMessage(message.headers, message.body), JSONFormat())
    return event.get_attributes(), event.get_data()


def by_version_1(message):
    event = cloudevents.v1.http.from_http(message.headers, message.body)
    attributes = event.get_attributes()
    # This way leaves the time a text.
    time = datetime.datetime.fromisoformat(attributes["time"])
    return {**attributes, "time": time}, event.get_data()


READERS = [by_version_2, by_version_1]
REFUSALS = (CloudEventValidationError, cloudevents.v1.exceptions.GenericException)


def reads(read, message, demo, kind, reference, sequence):
    attributes, data = read(message)
    kept = demo.api("GET", "/v1/deliveries/" + message.headers["webhook-id"])
    expected = {
        "specversion": "1.0",
        "id": message.headers["webhook-id"],
        "source": demo.base_url + "/",
        "type": kind,
        "datacontenttype": "application/json",
        "subject": reference,
        "sequence": f"{sequence:010}",
        "time": datetime.datetime.fromisoformat(kept["content"]["timestamp"]),
    }
    # Nothing is missing, and nothing is there that a shop would not expect.
    ours.check(attributes == expected, f"{read.__name__}: {attributes} and not {expected}")
    ours.check(attributes["time"].utcoffset() == datetime.timedelta(0), attributes["time"])
    ours.check(data == kept["content"]["data"], f"{read.__name__}: {data} and not {kept['content']['data']}")
    ours.check(data["event"]["kind"] == kind and data["gateway"] == "stripe", data)
    order = data["order"]
    ours.check(order["reference"] == reference and order["items"][0]["name"] == NAME, order)
    ours.check(order["total"] == {"amount": "12.34", "currency": "EUR"}, order)


def refuses(read, message):
    """The check of the check: what is no event is not read as one."""
    # Without an id, the SDK makes one up.
    for missing in (b"source", b"type"):
        body = message.body.replace(b'"' + missing + b'":', b'"former' + missing + b'":', 1)
        try:
            attributes, _ = read(message.altered(body=body))
        except REFUSALS:
            continue
        raise SystemExit(f"{read.__name__} reads an event without {missing.decode()}: {attributes}")


def main():
    ours.give_up_after(120)
    demo, receiver = ours.Demo(), Receiver()
    endpoint = demo.endpoint("CloudEvents", receiver.url("events"), dialect="cloudevents")
    demo.register("CE-1", "12.34", name=NAME)
    demo.trigger("stripe", "payment.completed", "CE-1", "--amount", "12.34", "--currency", "EUR")
    payment = receiver.message("events", 1)
    demo.trigger("stripe", "refund.completed", "CE-1")
    refund = receiver.message("events", 2)
    for message, kind, sequence in [(payment, "payment.completed", 1), (refund, "refund.completed", 2)]:
        # By this, receivers know that the whole event is in the body.
        content_type = message.headers["content-type"]
        ours.check(content_type == "application/cloudevents+json", content_type)
        for read in READERS:
            reads(read, message, demo, kind, "CE-1", sequence)
            refuses(read, message)
        for library in verifiers.of_secrets():
            refusal = library.refusal(message, endpoint["key"])
            ours.check(refusal is None, f"{library.name}: {refusal}")
    version = importlib.metadata.version("cloudevents")
    print(f"cloudevents {version}: {len(receiver.heard)} events read in {len(READERS)} ways, as they were meant")


main()
