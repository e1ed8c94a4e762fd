"""Which column of a file of conversations is what, and who speaks: guessed, told, overridden."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.schemas import MESSAGES, SENDER_ROLES
from ingest.sources.base import SourceError
from ingest.sources.guess import matches, plain_name
from ingest.sources.mapping import close_match
from ingest.sources.synonyms import CHAT_EXTRAS, KIND_WORDS, RATING, ROLE_WORDS

ROLES = {word: role for role, words in ROLE_WORDS.items() for word in words}
KINDS = {word: kind for kind, words in KIND_WORDS.items() for word in words}
FORMATS = tuple(
    f"{day} {clock}"
    for day in ("%Y/%m/%d", "%Y-%m-%d", "%Y年%m月%d日", "%Y.%m.%d")
    for clock in ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f")
)
EPOCHS = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us"}
NAMES = tuple(name for name in MESSAGES.schema.names if name not in ("source", "available_at"))
_DIGITS = re.compile(r"^\d{10}(\d{3}){0,2}(\.\d+)?$")


def find_columns(
    file: str, columns: Sequence[str], told: Mapping[str, str | None]
) -> dict[str, str]:
    """Return what -> column of the file: canonical columns of messages, sender, rating, labels.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    columns : sequence of str
        Its columns.
    told : mapping
        What the user said; None says that no column is this.

    Raises
    ------
    SourceError
        If the user named something that is not there, or there is no text.
    """
    for what, column in told.items():
        _check(file, what, (*NAMES, *CHAT_EXTRAS), "what messages have")
        if column is not None:
            _check(file, column, columns, "the columns of the file")
    found = {what: column for what, column in told.items() if column is not None}
    left = [column for column in columns if column not in found.values()]
    guessed = matches("messages", left)
    plain = {plain_name(column): column for column in reversed(left)}
    for what, words in {**CHAT_EXTRAS, "rating": RATING}.items():
        for word in words:
            if word in plain and plain[word] not in guessed.values():
                guessed.setdefault(what, plain[word])
    found |= {what: column for what, column in guessed.items() if what not in told}
    if "text" not in found:
        raise SourceError(
            f"{file}: messages need a text, and no column looks like one; the columns are "
            f"{', '.join(columns)}. Say which: 'source.columns={{text: COLUMN}}'"
        )
    return found


def time_formats(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return how times are written: counted since 1970, or one of the usual ways to spell them."""
    given = [value.strip() for value in values if value and value.strip()]
    lengths = {len(value.partition(".")[0]) for value in given}
    counted = all(_DIGITS.match(value) for value in given) and len(lengths) == 1
    return (EPOCHS[lengths.pop()],) if given and counted else FORMATS


@dataclass(frozen=True)
class Speakers:
    """Who speaks in a row.

    Attributes
    ----------
    words : dict of str to str
        Value of the role or sender column -> role, before the usual words.
    staff : tuple of str
        Senders who serve; all others are customers where this is given.
    role : str, optional
        Role of every row, where no column tells.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    staff: tuple[str, ...] = ()
    role: str | None = None

    def of(
        self, told: str | None, sender: str | None, customer: str | None, agent: str | None
    ) -> str | None:
        """Return the role of a row; what cannot be told is returned as it is, to be rejected.

        Parameters
        ----------
        told : str, optional
            Value of the role column.
        sender, customer, agent : str, optional
            Values of those columns.
        """
        if self.role is not None:
            return self.role
        known = self._word(told) or self._word(sender)
        if known is not None:
            return known
        name = sender or told
        if name is None:
            return _only(customer, agent)
        if self.staff:
            return "agent" if name in self.staff else "customer"
        return "customer" if name == customer else "agent" if name == agent else name

    def _word(self, value: str | None) -> str | None:
        plain = (value or "").strip()
        return self.words.get(plain) or ROLES.get(plain.lower())


def kind_of(value: str | None) -> str:
    """Return the kind of a message from a word for it, ``text`` where none is told."""
    plain = (value or "text").strip().lower()
    return KINDS.get(plain, plain)


def described(
    file: str, found: Mapping[str, str], columns: Sequence[str], zone: str, formats: Sequence[str]
) -> str:
    """Return in words which column was taken for what, and how to say otherwise."""
    pairs = ", ".join(f"{what} from {column!r}" for what, column in found.items())
    rest = [column for column in columns if column not in found.values()]
    kept = f"; kept as they are in raw: {', '.join(rest)}" if rest else ""
    counted = any(name in EPOCHS.values() for name in formats)
    times = "" if counted else f". Times without a zone are those of {zone} (source.zone=...)"
    return (
        f"{file} was taken for messages: {pairs}{kept}{times}. "
        "If that is wrong: 'source.columns={text: COLUMN, customer_id: null}'"
    )


def checked_role(role: str) -> str:
    """Return a role.

    Raises
    ------
    ValueError
        If there is no such role.
    """
    if role not in SENDER_ROLES:
        raise ValueError(f"role {role!r}: expected one of {', '.join(SENDER_ROLES)}")
    return role


def _only(customer: str | None, agent: str | None) -> str | None:
    """Return who speaks where each row names just one of them."""
    if customer and not agent:
        return "customer"
    return "agent" if agent and not customer else None


def _check(file: str, name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise SourceError(
            f"{file}: source.columns names {name!r}, expected {what}: {', '.join(known)}"
            f"{close_match(name, list(known))}"
        )
