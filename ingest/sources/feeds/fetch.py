"""A feed over HTTP, asked for only if it changed (RFC 9110, conditional requests)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from ingest.sources.base import SourceError

if TYPE_CHECKING:
    import httpx2

_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"
_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
_SHOWN = 200


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes
    ----------
    body : bytes or None
        The feed; None if it did not change.
    headers : dict of str to str
        ``content-type`` and ``content-location``, names in lower case.
    position : str or None
        What to ask with the next time; None if the server tells neither ETag nor Last-Modified.
    """

    body: bytes | None
    headers: dict[str, str]
    position: str | None


def fetch(url: str, position: str | None, *, timeout: float, largest: int) -> Answer:
    """Return a feed, or that it did not change since ``position``.

    Parameters
    ----------
    url : str
        Its address; redirections are followed.
    position : str, optional
        Of the last answer.
    timeout : float
        Seconds without a byte after which the feed counts as unreachable.
    largest : int
        Bytes a feed may have.

    Raises
    ------
    SourceError
        If the server cannot be reached, refuses, or sends more than that.
    """
    import httpx2  # noqa: PLC0415  (only those who read over HTTP need it)

    asked = {"User-Agent": "huaxiang", "Accept": _ACCEPT, **_conditions(position)}
    transport = httpx2.HTTPTransport(retries=2)
    try:
        with (
            httpx2.Client(timeout=timeout, follow_redirects=True, transport=transport) as client,
            client.stream("GET", url, headers=asked) as answer,
        ):
            if answer.status_code == httpx2.codes.NOT_MODIFIED:
                return Answer(None, {}, position)
            body = _body(answer, url, largest)
    except httpx2.HTTPError as error:
        raise SourceError(
            f"{url}: expected a feed, received {str(error) or type(error).__name__}. Check the "
            "address and the network, then load again"
        ) from error
    if answer.status_code != httpx2.codes.OK:
        raise SourceError(
            f"{url}: expected a feed, received status {answer.status_code}: "
            f"{body[:_SHOWN].decode('utf-8', 'replace')!r}. Check the address, or load again later"
        )
    told = {name: answer.headers[name] for name in _CONDITIONS if name in answer.headers}
    headers = {"content-location": str(answer.url)}
    if "content-type" in answer.headers:
        headers["content-type"] = answer.headers["content-type"]
    return Answer(body, headers, orjson.dumps(told).decode() if told else None)


def _conditions(position: str | None) -> dict[str, str]:
    if position is None:
        return {}
    told = orjson.loads(position)
    return {header: told[name] for name, header in _CONDITIONS.items() if name in told}


def _body(answer: httpx2.Response, url: str, largest: int) -> bytes:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > largest:
            raise SourceError(
                f"{url}: expected a feed of at most {largest:,} bytes, received more. Check that "
                "the address is a feed, or raise source.largest"
            )
    return bytes(body)
