"""Libraries that prove signatures of Standard Webhooks, from PyPI and from npm, all asked in the same way.

A refusal is a sentence, and none is good. An error that is no refusal ends the test instead of passing for one.
"""

import base64
import datetime
import importlib.metadata
import json
import os
import pathlib
import subprocess
import unittest.mock

import cryptography.exceptions
import cryptography.hazmat.primitives.asymmetric.ed25519
import standardwebhooks
import standardwebhooks.webhooks
import svix.webhooks


class Python:
    def __init__(self, package, webhook):
        self.name = f"{package} {importlib.metadata.version(package)} (PyPI)"
        self.webhook = webhook

    def refusal(self, message, secret, seconds_ahead=0):
        class Clock(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.datetime.now(tz) + datetime.timedelta(seconds=seconds_ahead)

        # There is no other way to tell them the time. Svix' library has the other one look at it.
        with unittest.mock.patch.object(standardwebhooks.webhooks, "datetime", Clock):
            try:
                self.webhook(secret).verify(message.body, message.headers)
            except standardwebhooks.webhooks.WebhookVerificationError as refusal:
                return str(refusal)


class Node:
    """One process for all of them: it answers line by line."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        script = pathlib.Path(__file__).with_name("libraries.mjs")
        environment = os.environ | {"NODE_LIBRARIES": folder}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(["node", script], env=environment, text=True, bufsize=1, **pipes)

    def library(self, package):
        return NodeLibrary(self, package)

    def version(self, package):
        return json.loads((self.folder / "node_modules" / package / "package.json").read_text())["version"]

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        # An empty line, because the process has ended, is no JSON.
        return json.loads(self.process.stdout.readline())


class NodeLibrary:
    def __init__(self, node, package):
        self.name = f"{package} {node.version(package)} (npm)"
        self.node, self.package = node, package

    def refusal(self, message, secret, seconds_ahead=0):
        question = {"library": self.package, "secret": secret, "seconds_ahead": seconds_ahead}
        body = base64.b64encode(message.body).decode()
        return self.node.ask(question | {"headers": message.headers, "body": body})


def of_secrets():
    """All that prove signatures with a secret that both sides have; those from npm where they are installed."""
    libraries = [
        Python("standardwebhooks", standardwebhooks.Webhook),
        Python("svix", svix.webhooks.Webhook),
    ]
    if "NODE_LIBRARIES" in os.environ:
        node = Node(os.environ["NODE_LIBRARIES"])
        libraries += [node.library("standardwebhooks"), node.library("svix")]
    return libraries


class KeyPair:
    """None of those libraries knows `v1a`. What is signed is put together as the specification has it."""

    name = f"cryptography {importlib.metadata.version('cryptography')} (PyPI)"

    def refusal(self, message, key):
        prefix, raw = key[:5], base64.b64decode(key[5:], validate=True)
        if prefix != "whpk_":
            raise ValueError(f"no public key: {prefix}")
        public = cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PublicKey.from_public_bytes(raw)
        signed = [message.headers["webhook-id"].encode(), message.headers["webhook-timestamp"].encode(), message.body]
        for signature in message.headers["webhook-signature"].split(" "):
            version, proof = signature.split(",")
            if version == "v1a":
                try:
                    public.verify(base64.b64decode(proof, validate=True), b".".join(signed))
                    return None
                except cryptography.exceptions.InvalidSignature:
                    pass
        return "No matching signature found"
