"""Reversible pseudonyms by key: equal data gets equal tokens, so tables still join on them.

Made with AES-SIV (RFC 5297), a deterministic authenticated cipher. The other way, an HMAC with a
sealed table of originals, needs that table kept, backed up, locked and erased; here the key alone
reverses a token, so whoever destroys the key anonymizes every token at once. The kind is
authenticated with the value: a token cannot be passed off as one of another kind, and one changed
character makes it unreadable. What determinism shows is exactly what a join needs: which rows are
equal, hence how often each value occurs. Without the key a token cannot be made from a guess.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from features.text.pii.recognize import KINDS, MIN_CONFIDENCE, check_kinds, find_pii

KEY_BYTES = (32, 48, 64)
_TOKEN = re.compile(r"⟦(?P<kind>[a-z_]+)\.(?P<code>[a-z2-7]+)⟧")
_GROUP = 8


def generate_key() -> bytes:
    """Return a new random key of 64 bytes; keep it apart from the data it protects."""
    return AESSIV.generate_key(512)


class Pseudonyms:
    """Replaces personal data by tokens and, with the same key, tokens by personal data.

    Parameters
    ----------
    key : bytes
        32, 48 or 64 bytes, as from :func:`generate_key`.

    Raises
    ------
    ValueError
        If the key has another length.

    Examples
    --------
    >>> people = Pseudonyms(key=bytes(range(64)))
    >>> one = people.token("phone", "+8613800138000")
    >>> one == people.token("phone", "+8613800138000"), people.original(one)
    (True, ('phone', '+8613800138000'))
    """

    def __init__(self, *, key: bytes) -> None:
        if len(key) not in KEY_BYTES:
            raise ValueError(
                f"pseudonym key: expected 32, 48 or 64 bytes, got {len(key)}; "
                "make one with generate_key()"
            )
        self._cipher = AESSIV(key)

    def token(self, kind: str, value: str) -> str:
        """Return the token of a value, the same for the same key, kind and value.

        Raises
        ------
        ValueError
            If the kind does not exist or the value is empty.
        """
        check_kinds([kind])
        if not value:
            raise ValueError(f"pseudonym of {kind}: expected a value, got an empty text")
        sealed = self._cipher.encrypt(value.encode(), [kind.encode()])
        return f"⟦{kind}.{base64.b32encode(sealed).decode().rstrip('=').lower()}⟧"

    def original(self, token: str) -> tuple[str, str]:
        """Return the kind and the value that a token stands for.

        Raises
        ------
        ValueError
            If it is no token, was changed, or was made with another key.
        """
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise ValueError(f"pseudonym {token!r}: expected a token such as ⟦phone.abc…⟧")
        code = match["code"].upper()
        try:
            sealed = base64.b32decode(code + "=" * (-len(code) % _GROUP))
            value = self._cipher.decrypt(sealed, [match["kind"].encode()])
        except (InvalidTag, ValueError) as error:
            raise ValueError(
                f"pseudonym {token!r}: it was changed or made with another key"
            ) from error
        return match["kind"], value.decode()

    def hide(
        self, text: str, *, kinds: Collection[str] = KINDS, min_confidence: float = MIN_CONFIDENCE
    ) -> str:
        """Return the text with a token in place of each piece of personal data.

        A token stands for the value in one spelling (``+8613800138000`` for ``138 0013 8000``),
        so that the same number written in two ways still joins.
        """
        wanted = check_kinds(kinds)
        for span in reversed(find_pii(text, min_confidence=min_confidence)):
            if span.kind in wanted:
                token = self.token(span.kind, span.value)
                text = text[: span.start] + token + text[span.end :]
        return text

    def reveal(self, text: str) -> str:
        """Return the text with the value of every token in its place.

        Raises
        ------
        ValueError
            If one of the tokens cannot be read.
        """
        return _TOKEN.sub(lambda match: self.original(match[0])[1], text)
