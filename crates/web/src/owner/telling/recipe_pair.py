import base64, time
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

def is_genuine(public, headers, body):
    """body: the bytes as they came, before anything is decoded."""
    sent_at = headers["webhook-timestamp"]
    if abs(time.time() - int(sent_at)) > 300:
        return False
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    for one in headers["webhook-signature"].split():
        try:
            if one.startswith("v1a,"):
                key.verify(base64.b64decode(one.removeprefix("v1a,")), signed)
                return True
        except (InvalidSignature, ValueError):
            pass
    return False
