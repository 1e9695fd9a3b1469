"""Our side, as somebody else's software sees it: the program `ipnd`, and a demo that is running.

IPND names the program, IPND_DEMO is the line of JSON with which a demo says where everything is.
"""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

# How long anything may take that should take a moment. Generous: machines that test are busy.
PATIENCE_SECONDS = 60


def give_up_after(seconds):
    """Ends this process, whatever it waits for."""
    signal.alarm(seconds)


def until(what, look):
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {PATIENCE_SECONDS} s")
        time.sleep(0.05)


def check(is_so, what):
    """Like an assertion, which `python -O` would leave out."""
    if not is_so:
        raise SystemExit(f"not as it should be: {what}")


class AsItComes(urllib.request.HTTPRedirectHandler):
    """Shows redirects and problems instead of following or raising them."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), AsItComes())


def http(method, url, body=None, headers=None):
    """One exchange: status, headers and body."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        answer = _opener.open(request, timeout=PATIENCE_SECONDS)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return answer.status, answer.headers, answer.read()


class Demo:
    """A running demo, through its API."""

    def __init__(self):
        self.ready = json.loads(os.environ["IPND_DEMO"])
        self.base_url = self.ready["base_url"]

    def api(self, method, path, document=None):
        headers = {"Authorization": "Bearer " + self.ready["api_key"], "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document).encode()
        status, _, answer = http(method, self.base_url + path, body, headers)
        check(status in (200, 201), f"{method} {path}: {status} {answer.decode()}")
        return json.loads(answer)

    def register(self, reference, total, currency="EUR", name="Something"):
        items = [{"name": name, "quantity": 1, "unit_price": total}]
        order = {"reference": reference, "currency": currency, "items": items, "total": total}
        return self.api("POST", "/v1/orders", order)

    def status(self, reference):
        return self.api("GET", f"/v1/orders/ref:{reference}")["status"]

    def wait_for(self, reference, status):
        until(f"{reference} {status}", lambda: self.status(reference) == status)

    def trigger(self, gateway, event, reference, *more):
        """Has the sandbox tell of an order, and waits until it was heard."""
        command = [os.environ["IPND"], "trigger", gateway, event, "--order", reference, *more]
        subprocess.run([*command, "--demo", self.base_url], stdout=subprocess.DEVNULL, check=True)

    def endpoint(self, name, url, **more):
        return self.api("POST", "/v1/endpoints", {"name": name, "url": url, **more})

    def delivered(self, endpoint):
        """What was told to an endpoint and has arrived, the newest first."""
        return self.api("GET", f"/v1/deliveries?endpoint={endpoint['id']}&state=delivered&limit=199")["data"]

    def notifications(self, account):
        return self.api("GET", f"/v1/notifications?account={account}&limit=199")["data"]


def gateways():
    """What the program can play."""
    listed = subprocess.run([os.environ["IPND"], "trigger", "--list", "--json"], capture_output=True, check=True)
    return {gateway["id"]: gateway for gateway in json.loads(listed.stdout)["gateways"]}


def composed(gateway, *arguments):
    """The requests that the sandbox would send: each as head and body, together the bytes of the wire."""
    command = [os.environ["IPND"], "trigger", gateway, *arguments, "--print"]
    rest = subprocess.run(command, capture_output=True, check=True).stdout
    requests = []
    while rest.strip():
        request = Request(rest)
        end = len(request.head) + len(b"\r\n\r\n") + int(request.headers["content-length"])
        requests.append(Request(rest[:end]))
        rest = rest[end:].removeprefix(b"\r\n")
    return requests


class Request:
    """A request as it goes over the wire, taken apart."""

    def __init__(self, wire):
        self.wire = wire
        self.head, self.body = wire.split(b"\r\n\r\n", 1)
        first, *lines = self.head.decode().split("\r\n")
        self.query = first.split(" ")[1].partition("?")[2]
        self.headers = dict(line.split(": ", 1) for line in lines)

    def altered(self, pattern):
        """The same with another character where the only group of `pattern` finds one."""
        found = pattern.search(self.wire)
        check(found, f"{pattern.pattern!r} in {self.wire!r}")
        other = b"2" if found.group(1) == b"1" else b"1"
        return Request(self.wire[: found.start(1)] + other + self.wire[found.end(1) :])
