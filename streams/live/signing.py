"""The signature of a webhook: HMAC-SHA256 over timestamp and body, one per secret while secrets change."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

TIMESTAMP: Final = "Threadwatch-Timestamp"
SIGNATURE: Final = "Threadwatch-Signature"
KEY: Final = "Idempotency-Key"


def headers(secrets: Iterable[str], key: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return what a receiver needs to know who sends, when, and whether it had this before. docs/alerts.md has the other side."""
    at = str(int(now.timestamp()))
    signed = ",".join(f"v1={signature(secret, at, body)}" for secret in secrets)
    return {"Content-Type": "application/json", "User-Agent": "threadwatch", KEY: key, TIMESTAMP: at, SIGNATURE: signed}


def signature(secret: str, at: str, body: bytes) -> str:
    """Return the v1 signature, in hex."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
