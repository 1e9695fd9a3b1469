"""A shop that only listens: keeps what it is told, byte by byte, as it came over HTTP."""

import http.server
import threading

import ours


class Message:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body

    def altered(self, body=None, **headers):
        """The same with another body, or with other headers: `webhook_id=...`."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return Message(self.path, self.headers | headers, self.body if body is None else body)


class Receiver:
    def __init__(self):
        self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["content-length"]))
                headers = {name.lower(): value for name, value in handler.headers.items()}
                self.heard.append(Message(handler.path, headers, body))
                handler.send_response(200)
                handler.send_header("content-length", "0")
                handler.end_headers()

            def log_message(handler, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.base_url = f"http://127.0.0.1:{server.server_port}"

    def url(self, name):
        return f"{self.base_url}/{name}"

    def message(self, name, number):
        """The message of this number, counted from 1, that came to this address."""

        def look():
            came = [message for message in self.heard if message.path == f"/{name}"]
            return len(came) >= number and came[number - 1]

        return ours.until(f"message {number} to {name}", look)
