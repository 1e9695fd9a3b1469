import base64, hashlib, hmac, time

def is_genuine(secret, headers, body):
    """body: the bytes as they came, before anything is decoded."""
    sent_at = headers["webhook-timestamp"]
    if abs(time.time() - int(sent_at)) > 300:
        return False
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    signatures = headers["webhook-signature"].encode().split()
    return any(hmac.compare_digest(expected, one) for one in signatures)
