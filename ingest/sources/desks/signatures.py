"""Whether a webhook was sent by who it says: the signature of its body, where there is one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import orjson

SIGNATURE = "x-chatwoot-signature"
TIMESTAMP = "x-chatwoot-timestamp"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return ``sha256=`` and the HMAC-SHA256 of ``<timestamp>.<body>`` in hexadecimal digits.

    Examples
    --------
    >>> signature("s3cret", "1700000000", b"{}")[:23]
    'sha256=97926816e98fbb41'
    """
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether Chatwoot signed a webhook with this secret; False where it signed nothing.

    Parameters
    ----------
    secret : str
        Of the webhook, as Chatwoot shows it.
    headers : mapping of str to str
        Headers of the request; their case does not matter.
    body : bytes
        Exactly as received: written anew, the same JSON has another signature.

    Notes
    -----
    How old the timestamp may be is for who receives live requests to decide; a record of last year
    is as genuine as one of today.
    """
    told = {name.lower(): value for name, value in headers.items()}
    given, at = told.get(SIGNATURE), told.get(TIMESTAMP)
    if given is None or at is None:
        return False
    return hmac.compare_digest(signature(secret, at, body).encode(), given.encode())


def body_of(value: object, secret: str | None, *, signed_only: bool = False) -> object:
    """Return the body of a recorded webhook if its signature holds; anything else as it is.

    Parameters
    ----------
    value : object
        ``{"headers": {...}, "body": "<body as received>"}``, or what a recorder without headers
        kept: the body alone.
    secret : str, optional
        Of the webhook; without, no signature can be checked.
    signed_only : bool
        Whether a body without a signature that was checked must not be believed.

    Raises
    ------
    ValueError
        If the signature is another one, or is missing and must not be.
    """
    recorded = isinstance(value, dict) and {"headers", "body"} <= value.keys()
    if not recorded and not signed_only:
        return value
    headers = value["headers"] if isinstance(value, dict) and recorded else {}
    body = value["body"] if isinstance(value, dict) and recorded else value
    sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
    has_one = any(name.lower() == SIGNATURE for name in headers)
    if has_one and secret and not verify(secret, headers, sent):
        raise ValueError(
            "expected a webhook signed with the secret given, received another signature: "
            "it was changed, or sent by somebody else"
        )
    if signed_only and not (has_one and secret):
        raise ValueError("expected a signed webhook and a secret, received none to check")
    return orjson.loads(sent) if isinstance(body, str) else body
