"""The one shape of text analysis: a batch of texts in, one Arrow table out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import pyarrow as pa

HASH_BYTES = 16


@runtime_checkable
class Analyzer(Protocol):
    """Something that reads texts and says one thing about each of them.

    Attributes
    ----------
    name : str
        What it finds out, a valid SQL identifier such as ``"sentiment"``.
    version : str
        Changes whenever the answer to the same text may change: the code's own version and, where
        something was fitted, the fingerprint of what it was fitted on.
    schema : pyarrow.Schema
        Columns of the answer.
    """

    @property
    def name(self) -> str:
        """What it finds out."""
        ...

    @property
    def version(self) -> str:
        """Code version and fingerprint of what was fitted."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Columns of the answer."""
        ...

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return one row a text, in the order given."""
        ...


def content_hash(text: str) -> bytes:
    """Return the 16-byte BLAKE2b hash that stands for a text in caches.

    Examples
    --------
    >>> len(content_hash("快递太慢了"))
    16
    """
    data = text.encode("utf-8", errors="surrogatepass")
    return hashlib.blake2b(data, digest_size=HASH_BYTES).digest()


def fingerprint(*parts: object) -> str:
    """Return 16 hexadecimal digits that change when any part changes."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()
