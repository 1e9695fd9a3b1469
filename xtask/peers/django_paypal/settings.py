"""The smallest Django project in which django-paypal runs."""

import os

SECRET_KEY = "of-this-test-and-nobody-else"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["paypal.standard.ipn"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
ROOT_URLCONF = "django_paypal.urls"
USE_TZ = True
PAYPAL_TEST = True
