"""chatlog's HTTP API as a client: pages, retries, and its ways of saying no."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from ingest.sources.base import SourceError

if TYPE_CHECKING:
    import httpx2

_AGAIN = (429, 500, 502, 503, 504)
_SHOWN = 200


class RefusedError(SourceError):
    """The server answered, and will answer the same if asked again."""


class ChatlogApi:
    """A chatlog server.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:5030``.
    page : int
        Most messages, contacts or groups of one answer.
    timeout : float
        Seconds without a byte after which a question counts as failed.
    attempts : int
        How often a question is asked before the load gives up.
    pause : float
        Seconds before the second attempt; twice as long before each further one.
    """

    def __init__(self, *, url: str, page: int, timeout: float, attempts: int, pause: float) -> None:
        self.url = url.rstrip("/")
        self._page = page
        self._timeout = timeout
        self._attempts = attempts
        self._pause = pause

    def messages(self, talker: str, when: str) -> Iterator[tuple[int, list[Any]]]:
        """Yield the pages of one conversation, each with the offset of its first message.

        Parameters
        ----------
        talker : str
            Person or group.
        when : str
            Range of time in chatlog's grammar, such as ``2026-03-01~2026-03-08`` or ``all``.

        Raises
        ------
        SourceError
            If the server cannot be reached or gives no list; :class:`RefusedError` if it refuses
            this conversation.
        """
        yield from self._pages("chatlog", {"time": when, "talker": talker})

    def items(self, what: str) -> Iterator[dict[str, Any]]:
        """Yield all entries of ``contact``, ``chatroom`` or ``session``.

        Raises
        ------
        SourceError
            As :meth:`messages` does.
        """
        for _, found in self._pages(what, {}):
            yield from (entry for entry in found if isinstance(entry, dict))

    def _pages(self, what: str, asked: Mapping[str, str]) -> Iterator[tuple[int, list[Any]]]:
        import httpx2  # noqa: PLC0415  (only those who read over HTTP need it)

        with httpx2.Client(timeout=self._timeout, trust_env=False) as client:
            offset = 0
            while True:
                place = {**asked, "limit": self._page, "offset": offset, "format": "json"}
                found = self._listed(what, self._ask(client, what, place))
                if found:
                    yield offset, found
                offset += len(found)
                if len(found) < self._page:
                    return

    def _ask(self, client: httpx2.Client, what: str, asked: Mapping[str, Any]) -> bytes:
        import httpx2  # noqa: PLC0415

        path = f"{self.url}/api/v1/{what}"
        failure = ""
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                answer = client.get(path, params=dict(asked))
            except httpx2.HTTPError as error:
                failure = str(error) or type(error).__name__
                continue
            if answer.status_code == httpx2.codes.OK:
                return answer.content
            failure = f"status {answer.status_code}: {answer.text[:_SHOWN]}"
            if answer.status_code not in _AGAIN:
                raise RefusedError(
                    f"{path}: expected an answer to {dict(asked)}, received {failure}. "
                    "Check talker and time"
                )
        raise SourceError(
            f"{path}: expected an answer, received {failure} in {self._attempts} attempts. Check "
            "that chatlog is running with its HTTP service on and its database decrypted, then "
            "load again: it goes on where it stopped"
        )

    def _listed(self, what: str, body: bytes) -> list[Any]:
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:  # chatlog writes an error and then goes on
            raise SourceError(
                f"{self.url}/api/v1/{what}: expected JSON, received {body[:_SHOWN]!r} ({error}). "
                "Check the range of time and chatlog's version"
            ) from error
        if isinstance(found, dict) and "items" in found:
            found = found["items"]
        if found is None:  # how an empty list is written
            return []
        if not isinstance(found, list):
            raise SourceError(
                f"{self.url}/api/v1/{what}: expected a list, received {body[:_SHOWN]!r}. "
                "Check that the address is chatlog's"
            )
        return found
