"""A mail server from aiosmtpd that keeps what it gets in a Maildir, on a free port of the loopback address.

Prints "listening on HOST:PORT" and runs until it is ended.
"""

import socket
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

controller = Controller(Mailbox(sys.argv[1]), hostname="127.0.0.1", port=port)
controller.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
threading.Event().wait()
