"""A shop built with Django and django-paypal: it is told of payments, and asks whether a message is genuine.

What has become of each message is read from the shop's own database.
"""

import logging
import os
import threading
import wsgiref.simple_server

import ours


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Shop:
    """Runs on a free port. `notify_url` is what has to be told, `table` what was, and the signals' messages are listed."""

    def __init__(self, folder):
        os.environ["SHOP_DATABASE"] = os.path.join(folder, "shop.sqlite3")
        os.environ["DJANGO_SETTINGS_MODULE"] = "django_paypal.settings"
        import django
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application

        # It would say that the simulator's writing names no charset.
        logging.disable(logging.WARNING)
        django.setup()
        call_command("migrate", verbosity=0)
        from paypal.standard.ipn.models import PayPalIPN
        from paypal.standard.ipn.signals import invalid_ipn_received, valid_ipn_received

        self.table, self.valid, self.invalid = PayPalIPN.objects, [], []
        valid_ipn_received.connect(self._valid)
        invalid_ipn_received.connect(self._invalid)
        server = wsgiref.simple_server.make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.notify_url = f"http://127.0.0.1:{server.server_port}/paypal/"

    def _valid(self, sender, **_):
        self.valid.append(sender.pk)

    def _invalid(self, sender, **_):
        self.invalid.append(sender.pk)

    def ask(self, url):
        """Asks there from now on. There is no setting for it: these are where it asks."""
        import paypal.standard.models as models

        models.POSTBACK_ENDPOINT = models.SANDBOX_POSTBACK_ENDPOINT = url

    def told(self, invoice, status):
        """The message of this status about an order, as the shop keeps it; the last one if there are more."""
        messages = self.table.filter(invoice=invoice, payment_status=status).exclude(response="")
        return ours.until(f"{invoice} {status}", messages.last)

    def hear(self, body):
        """Tells the shop something; gives what it has kept of it."""
        before = self.table.count()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, answer = ours.http("POST", self.notify_url, body, headers)
        ours.check(status == 200 and answer == b"OKAY", answer)
        ours.check(self.table.count() == before + 1, "one more message")
        return self.table.last()
