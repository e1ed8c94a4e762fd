"""What an edit of a profile is, what it did, and why it can be refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from insights.profiles.statements import MANY, Entry, Statement

NOTHING = ""  # of `replaces`: the field was empty when the writer looked
_MASK = "***"
_NAME = r"^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_]*$"


class NoFactError(LookupError):
    """The customer has no statement of this id."""

    def __init__(self, customer: str, fact_id: str) -> None:
        super().__init__(f"customer {customer!r}: there is no statement {fact_id!r}")
        self.fact_id = fact_id


class StaleEditError(ValueError):
    """What the writer saw does not stand any more; nothing was stored.

    Parameters
    ----------
    said : str
        What stands instead.
    standing : Statement or None
        The statement that does.
    """

    def __init__(self, said: str, standing: Statement | None) -> None:
        super().__init__(said)
        self.standing = standing


def _readable(value: str) -> str:
    if _MASK in value:
        raise ValueError("expected the value itself; three stars stand where one was masked")
    return value


class Edit(BaseModel):
    """What somebody says a field of a customer is.

    Parameters
    ----------
    field : str
        A name in small letters, digits and ``_``, in any script, such as ``company``.
    value : str
        What it is.
    author : str
        Who says so.
    fact_id : str, optional
        A key of the caller's own: said twice with the same key, it counts once.
    replaces : str, optional
        The ``fact_id`` that the author saw standing; empty if the field was empty. If something
        else stands by now, nothing is stored. Of a field with several values, the one that the new
        value takes the place of. Not given: the edit is stored whatever stands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    field: Annotated[str, Field(pattern=_NAME, max_length=60)]
    value: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_readable)]
    author: Annotated[str, Field(min_length=1, max_length=200)]
    fact_id: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    replaces: Annotated[str | None, Field(max_length=200)] = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did.

    Attributes
    ----------
    fact : Statement
        The row that was stored.
    replaced : tuple of Statement
        What stood in the field before and does not any more.
    entry : Entry or None
        The field as it is now; None if nothing stands in it.
    duplicate : bool
        Whether the row was stored before, and nothing changed.
    """

    fact: Statement
    replaced: tuple[Statement, ...]
    entry: Entry | None
    duplicate: bool = False


def seen_by(edit: Edit, before: Entry | None) -> Statement | None:
    """Return the statement that the author of an edit saw, None if they told of none.

    Raises
    ------
    StaleEditError
        If it does not stand any more.
    """
    if edit.replaces is None:
        return None
    values: Sequence[Statement] = before.values if before else ()
    seen = next((one for one in values if one.fact_id == edit.replaces), None)
    if seen is not None or (not values and edit.replaces == NOTHING):
        return seen
    newest = values[0] if values else None
    by = f"by {newest.author or newest.source} at {newest.at:%Y-%m-%d %H:%M} UTC" if newest else ""
    said = f"was set {by}, fact_id {newest.fact_id!r}" if newest else "is empty now"
    raise StaleEditError(f"field {edit.field!r} {said}", newest)


def same_value(seen: Statement, told: Sequence[Statement]) -> list[str]:
    """Return the rows that say the same as one of several values: they go together."""
    if seen.field not in MANY:
        return []
    return [
        one.fact_id
        for one in told
        if one.stands and one.retracts is None and one.field == seen.field and one.key == seen.key
    ]
