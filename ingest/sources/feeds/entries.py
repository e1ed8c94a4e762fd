"""Entries of one RSS or Atom document as rows of the table ``feedback``.

The document is read by feedparser (https://github.com/kurtmckee/feedparser), which knows RSS 0.9 to
2.0 and Atom 0.3 and 1.0, reads on past broken XML as far as it can, and removes active content. Its
``bozo`` says that something was wrong.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_tz
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ingest.sources.base import Broken, SourceError
from ingest.sources.markup import plain
from ingest.sources.rows import dump, filled

KEY = "feedback_id"
_HTML = ("text/html", "application/xhtml+xml")
_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_SHOWN = 80


@dataclass(frozen=True)
class Document:
    """What one feed holds.

    Attributes
    ----------
    rows : tuple of dict
        Canonical columns of ``feedback``, one entry each, in the order of the feed. ``feedback_id``
        is None where an entry has neither guid nor link.
    fault : str or None
        What was wrong with the XML, in words; None for a feed that could be read to its end.
    cut : tuple of Broken
        The last entry if the document ends inside it: half a text under its identifier would keep
        the whole one out.
    """

    rows: tuple[dict[str, Any], ...]
    fault: str | None
    cut: tuple[Broken, ...]


def read_feed(
    body: bytes, shown: str, name: str, zone: str, headers: Mapping[str, str] | None = None
) -> Document:
    """Return the entries of a feed.

    Parameters
    ----------
    body : bytes
        The document.
    shown : str
        The file or address it comes from, for messages.
    name : str
        Name of the source, in front of identifiers.
    zone : str
        IANA zone of times that name none.
    headers : mapping, optional
        ``content-type`` (whose charset counts) and ``content-location`` (against which relative
        links are resolved) of an answer over HTTP, names in lower case.

    Raises
    ------
    SourceError
        If the document is neither RSS nor Atom.
    """
    import feedparser  # type: ignore[import-untyped]  # noqa: PLC0415  (only feeds need it)

    # A stream: anything else feedparser would try to open as a file or an address.
    found = feedparser.parse(io.BytesIO(body), response_headers=dict(headers or {}))
    if not found.version and not found.entries:
        beginning = body[:_SHOWN].decode("utf-8", "replace")
        raise SourceError(
            f"{shown}: expected an RSS or Atom feed, received {beginning!r}. Give the address or "
            "file of the feed itself; pages link to it as application/rss+xml"
        )
    feed = _Feed.of(found.feed, shown, name, ZoneInfo(zone))
    rows = tuple(feed.row(entry) for entry in found.entries)
    fault = _fault(found, shown, feedparser)
    if fault is None or len(_END.findall(body)) >= len(rows):
        return Document(rows, fault, ())
    reason = "expected a whole entry, received one in which the feed ends. Fetch the feed again"
    return Document(rows[:-1], fault, (Broken(len(rows), reason, dump(rows[-1])),))


def _fault(found: Any, shown: str, feedparser: Any) -> str | None:
    """Say what was wrong, None if that cost nothing: a charset or content type told wrongly."""
    error = found.get("bozo_exception")
    harmless = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    if not found.bozo or error is None or isinstance(error, harmless):
        return None
    line = error.getLineNumber() if hasattr(error, "getLineNumber") else None
    what = error.getMessage() if hasattr(error, "getMessage") else str(error)
    place = "" if line is None else f" in line {line}"
    return (
        f"{shown}: expected well-formed XML, received {what}{place}. The entries that could be "
        "read are loaded; what is broken or cut off may be missing. Fetch the feed again, or tell "
        "whoever publishes it"
    )


@dataclass(frozen=True)
class _Feed:
    """What all entries of a feed share."""

    name: str
    url: str | None
    title: str | None
    identity: str
    zone: ZoneInfo

    @classmethod
    def of(cls, feed: Any, shown: str, name: str, zone: ZoneInfo) -> _Feed:
        title = plain(feed.get("title"))
        identity = feed.get("id") or feed.get("link") or title or shown
        return cls(name, feed.get("link"), title, identity, zone)

    def row(self, entry: Any) -> dict[str, Any]:
        """Return the canonical columns of an entry."""
        title, text = _plain(entry.get("title_detail")), _text(entry)
        if text is None or text == title:  # posts of many networks have one of the two only
            title, text = None, text or title
        attributes = filled(
            link=entry.get("link"),
            feed=self.title,
            feed_url=self.url,
            author=plain(entry.get("author")),
            tags=[tag["term"] for tag in entry.get("tags", []) if tag.get("term")],
        )
        return {
            KEY: self._key(entry),
            "kind": "social",
            "title": title,
            "text": text,
            "occurred_at": _time(entry, self.zone),
            "attributes": dump(attributes),
        }

    def _key(self, entry: Any) -> str | None:
        """Return the guid, else the link; what is no address is unique within its feed only."""
        told = entry.get("id") or entry.get("link")
        if not told:
            return None
        everywhere = bool(urlsplit(told).scheme)
        return f"{self.name}:{told}" if everywhere else f"{self.name}:{self.identity}#{told}"


def _text(entry: Any) -> str | None:
    """Return the whole content without markup, else the summary."""
    bodies = [*entry.get("content", []), entry.get("summary_detail")]
    return next((text for body in bodies if (text := _plain(body)) is not None), None)


def _plain(detail: Any) -> str | None:
    if not detail or not detail.get("value"):
        return None
    if detail.get("type") in _HTML:
        return plain(detail["value"])
    return " ".join(detail["value"].split()) or None


def _time(entry: Any, zone: ZoneInfo) -> str | None:
    """Return when an entry was published, else updated, with its zone; as told if unreadable."""
    for what in ("published", "updated"):
        if what in entry:
            told, parsed = entry[what], entry.get(f"{what}_parsed")
            if parsed is None:
                return str(told) or None
            at = datetime.fromtimestamp(timegm(parsed), UTC)
            return (at.replace(tzinfo=zone) if _without_zone(told) else at).isoformat()
    return None


def _without_zone(told: str) -> bool:
    try:
        return datetime.fromisoformat(told.strip()).tzinfo is None
    except ValueError:
        parts = parsedate_tz(told)
        return parts is not None and parts[9] is None
