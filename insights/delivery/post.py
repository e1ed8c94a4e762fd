"""Messages over HTTP: signed webhooks, and the group robots of WeCom."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

import orjson

from insights.delivery.channels import Webhook, WeCom, secret
from insights.delivery.message import Message, Parcel

_MOST_BYTES = 4096  # of a robot's markdown
_SHOWN = 200
_COLORS = {"info": "info", "warning": "warning", "critical": "warning"}
_MARKUP = str.maketrans("`*[]<>", "｀＊［］＜＞")  # nothing escapes them in a robot's markdown


class DeliveryError(Exception):
    """A message did not arrive.

    Parameters
    ----------
    told : str
        Why; no secret.
    again : bool
        Whether trying again may help.
    """

    def __init__(self, told: str, *, again: bool) -> None:
        super().__init__(told)
        self.again = again


def signature(key: bytes, notice: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature`` of standardwebhooks.com.

    Parameters
    ----------
    key : bytes
        The secret; as a text it may begin with ``whsec_`` and is base64 then, see :func:`key_of`.
    notice : str
        The header ``webhook-id``.
    timestamp : int
        The header ``webhook-timestamp``, seconds since 1970.
    body : bytes
        What is sent.
    """
    signed = b".".join([notice.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_of(told: str) -> bytes:
    """Return the bytes of a secret."""
    if told.startswith("whsec_"):
        return base64.b64decode(told.removeprefix("whsec_"))
    return told.encode()


def webhook_body(parcel: Parcel) -> bytes:
    """Return the JSON of a webhook: the facts and the message in words."""
    told = {"title": parcel.message.title, "text": parcel.message.text}
    return orjson.dumps({**parcel.facts, **told})


def send_webhook(parcel: Parcel, channel: Webhook, at: datetime) -> str:
    """Post one message; returns what the server said.

    Raises
    ------
    DeliveryError
        If it did not accept it.
    ValueError
        If an environment variable is missing.
    """
    url = channel.url or secret(str(channel.url_env)).get_secret_value()
    body = webhook_body(parcel)
    timestamp = int(at.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": parcel.id,
        "webhook-timestamp": str(timestamp),
    }
    if channel.secret_env is not None:
        key = key_of(secret(channel.secret_env).get_secret_value())
        headers["webhook-signature"] = signature(key, parcel.id, timestamp, body)
    status, _ = _posted(url, body, headers, channel.timeout)
    return f"status {status}"


def wecom_body(message: Message, severity: str, mention: tuple[str, ...]) -> bytes:
    """Return the JSON of a group robot, of at most 4,096 bytes of markdown.

    Markup in names from outside is taken out of force.
    """
    color = _COLORS.get(severity, "comment")
    head = f'<font color="{color}">{message.title.translate(_MARKUP)}</font>'
    lines = [f"> {name}: {fact.translate(_MARKUP)}" for name, fact in message.facts.items()]
    calls = " ".join(f"<@{member}>" for member in mention)
    tail = f"\n{calls}" if calls else ""
    room = _MOST_BYTES - len(tail.encode())
    content = "\n".join([head, *lines]).encode()[:room].decode(errors="ignore") + tail
    return orjson.dumps({"msgtype": "markdown", "markdown": {"content": content}})


def send_wecom(parcel: Parcel, channel: WeCom) -> str:
    """Post one message to a group robot; returns what it said.

    Raises
    ------
    DeliveryError
        If it did not accept it; a robot says so in ``errcode`` of an answer with status 200.
    ValueError
        If an environment variable is missing.
    """
    url = secret(channel.url_env).get_secret_value()
    body = wecom_body(parcel.message, parcel.severity, channel.mention)
    _, answer = _posted(url, body, {"content-type": "application/json"}, channel.timeout)
    try:
        code = int(orjson.loads(answer).get("errcode", -1))
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        raise DeliveryError("the robot's answer has no errcode", again=False) from None
    if code != 0:  # 45009: more than 20 messages a minute; -1: the server is busy
        raise DeliveryError(f"the robot answered errcode {code}", again=code in (-1, 45009))
    return "errcode 0"


def _posted(url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, bytes]:
    import httpx2  # noqa: PLC0415  (only those who deliver over HTTP need it)

    try:
        with httpx2.Client(timeout=timeout, trust_env=False) as client:
            answer = client.post(url, content=body, headers=headers)
    except httpx2.InvalidURL:
        raise DeliveryError("the address is no URL", again=False) from None
    except httpx2.HTTPError as error:  # its text may hold the address, which may be a secret
        raise DeliveryError(type(error).__name__, again=True) from None
    if not answer.is_success:
        again = answer.status_code in (408, 425, 429) or answer.is_server_error
        raise DeliveryError(f"status {answer.status_code}", again=again)
    return answer.status_code, answer.content
