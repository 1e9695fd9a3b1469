"""Tells libraries that are not ours what a shop is told, over HTTP, and has them prove it.

Every message is put to each library as it came. Changed ones, another endpoint's secret and a clock that has gone on
have to be refused.
"""

import ours
import verifiers
from receiver import Receiver

# Letters beyond ASCII: what is signed are bytes.
NAME = "Grüner Tee 綠茶 “süß”"
HOUR_SECONDS = 3600
# The libraries' own words.
NO_MATCH, TOO_OLD, TOO_NEW = "No matching signature found", "Message timestamp too old", "Message timestamp too new"


class Shops:
    """Endpoints at one receiver, each told of the same payments."""

    def __init__(self, demo):
        self.demo, self.receiver, self.count = demo, Receiver(), 0
        self.endpoints, self.keys = {}, {}

    def open(self, name, **more):
        endpoint = self.demo.endpoint(name, self.receiver.url(name), **more)
        self.endpoints[name], self.keys[name] = endpoint, endpoint["key"]
        return endpoint["key"]

    def rotate(self, name, **how):
        return self.demo.api("POST", f"/v1/endpoints/{self.endpoints[name]['id']}/rotate", how)["key"]

    def pay(self):
        """What each is told of one more payment, by name."""
        self.count += 1
        reference = f"TOLD-{self.count}"
        self.demo.register(reference, "12.34", name=NAME)
        self.demo.trigger("stripe", "payment.completed", reference, "--amount", "12.34", "--currency", "EUR")
        return {name: self.receiver.message(name, self.count) for name in self.endpoints}


def expect(library, what, message, key, expected=None, **more):
    refusal = library.refusal(message, key, **more)
    ours.check(refusal == expected, f"{library.name}, {what}: {refusal!r} and not {expected!r}")


def altered(message):
    """Everything that is signed, each changed, and the signature."""
    headers = message.headers
    time = str(int(headers["webhook-timestamp"]) + 1)
    first, rest = headers["webhook-signature"][:10], headers["webhook-signature"][10:]
    other = ("B" if rest[0] == "A" else "A") + rest[1:]
    ours.check(b"12.34" in message.body and NAME.encode() in message.body, message.body)
    return {
        "a changed amount": message.altered(body=message.body.replace(b"12.34", b"12.35", 1)),
        "a changed letter": message.altered(body=message.body.replace("綠".encode(), "紅".encode(), 1)),
        "another id": message.altered(webhook_id=headers["webhook-id"] + "x"),
        "another time": message.altered(webhook_timestamp=time),
        "another signature": message.altered(webhook_signature=first + other),
    }


def versions(message):
    return [signature.split(",")[0] for signature in message.headers["webhook-signature"].split(" ")]


def proves_secrets(library, told, keys):
    shop, other = told["shop"], told["other"]
    expect(library, "as it came", shop, keys["shop"])
    expect(library, "as it came to the other", other, keys["other"])
    for what, message in altered(shop).items():
        expect(library, what, message, keys["shop"], NO_MATCH)
    # T-D15: what one shop was told proves nothing to another.
    expect(library, "the other's message", other, keys["shop"], NO_MATCH)
    expect(library, "the other's secret", shop, keys["other"], NO_MATCH)
    expect(library, "an hour later", shop, keys["shop"], TOO_OLD, seconds_ahead=HOUR_SECONDS)
    expect(library, "an hour earlier", shop, keys["shop"], TOO_NEW, seconds_ahead=-HOUR_SECONDS)


def proves_pairs(library, told, keys):
    pair, other_pair = told["pair"], told["other-pair"]
    ours.check(versions(pair) == ["v1a"], versions(pair))
    expect(library, "as it came", pair, keys["pair"])
    expect(library, "as it came to the other", other_pair, keys["other-pair"])
    for what, message in altered(pair).items():
        expect(library, what, message, keys["pair"], NO_MATCH)
    expect(library, "the other's message", other_pair, keys["pair"], NO_MATCH)
    expect(library, "the other's key", pair, keys["other-pair"], NO_MATCH)


def proves_rotations(libraries, pairs, shops):
    """While keys change, whoever still has the old one and whoever has the new one already both prove the same message."""
    old, new = shops.keys["shop"], shops.rotate("shop")
    old_pair, new_pair = shops.keys["pair"], shops.rotate("pair", key_pair=True)
    told = shops.pay()
    ours.check(versions(told["shop"]) == ["v1", "v1"], told["shop"].headers)
    ours.check(versions(told["pair"]) == ["v1a", "v1a"], told["pair"].headers)
    for library in libraries:
        for key in (old, new):
            expect(library, "two secrets", told["shop"], key)
        expect(library, "two secrets, a third", told["shop"], shops.keys["other"], NO_MATCH)
    for key in (old_pair, new_pair):
        expect(pairs, "two key pairs", told["pair"], key)

    # From a secret to a pair: who does not know `v1a` passes over it.
    key = shops.rotate("other", key_pair=True)
    # Without an overlap the old one is worth nothing at once.
    newest = shops.rotate("shop", overlap_hours=0)
    told = shops.pay()
    ours.check(versions(told["other"]) == ["v1a", "v1"], told["other"].headers)
    ours.check(versions(told["shop"]) == ["v1"], told["shop"].headers)
    expect(pairs, "a pair and a secret", told["other"], key)
    for library in libraries:
        expect(library, "a pair and a secret", told["other"], shops.keys["other"])
        expect(library, "the newest secret", told["shop"], newest)
        for key in (old, new):
            expect(library, "a secret of before", told["shop"], key, NO_MATCH)


def main():
    ours.give_up_after(120)
    shops = Shops(ours.Demo())
    for name, is_pair in [("shop", False), ("other", False), ("pair", True), ("other-pair", True)]:
        shops.open(name, key_pair=is_pair)
    told = shops.pay()
    libraries, pairs = verifiers.of_secrets(), verifiers.KeyPair()
    for library in libraries:
        proves_secrets(library, told, shops.keys)
    proves_pairs(pairs, told, shops.keys)
    proves_rotations(libraries, pairs, shops)
    names = ", ".join(library.name for library in [*libraries, pairs])
    print(f"{len(shops.receiver.heard)} messages proved, and refused when changed, by {names}")


main()
