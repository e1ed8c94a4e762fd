"""Profile cards over HTTP: a card, its history, and what an edit did; errors for the caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import orjson

from features.text.pii.shown import shown
from ingest.store import Store
from ingest.told import reason
from insights.profiles.card import card
from insights.profiles.edits import Edited, NoFactError, StaleEditError
from insights.profiles.happenings import feed
from insights.profiles.person import NoCustomerError, check_known, same_customer
from insights.profiles.shown import (
    shown_card,
    shown_edit,
    shown_happening,
    shown_statement,
    shown_value,
)
from insights.profiles.statements import Statement, history, stored, with_quotes
from insights.tables import Tables
from serving.errors import (
    BadRequestError,
    ConflictError,
    UnknownCustomerError,
    UnknownFactError,
)


def card_of(tables: Tables, customer: str, at: datetime) -> bytes:
    """Return a card as JSON (``CustomerCard``)."""
    with told():
        return orjson.dumps(shown_card(card(tables, customer, at)))


def history_of(store: Store, customer: str, limit: int, offset: int) -> bytes:
    """Return statements as JSON (``CustomerHistory``), the newest first."""
    with told():
        counted, ids = same_customer(store, customer)
        check_known(store, ids)
    every = history(stored(store, ids))
    page = with_quotes(store, every[offset : offset + limit])
    rows = [shown_statement(one) for one in page]
    return orjson.dumps({"customer_id": counted, "total": len(every), "statements": rows})


def feed_of(
    store: Store, customer: str, kinds: Sequence[str], *, leaving: bool, limit: int, offset: int
) -> bytes:
    """Return what a customer did toward staff as JSON (``Happenings``), the newest first."""
    with told():
        counted, ids = same_customer(store, customer)
        check_known(store, ids)
    every = feed(store, ids, kinds=kinds, leaving=leaving)
    rows = [shown_happening(one) for one in every[offset : offset + limit]]
    return orjson.dumps({"customer_id": counted, "total": len(every), "happenings": rows})


def edit_of(edited: Edited) -> bytes:
    """Return what an edit did as JSON (``EditReceipt``)."""
    return orjson.dumps(shown_edit(edited))


@contextmanager
def told() -> Iterator[None]:
    """Turn what profiles say of a request they cannot answer into an error for the caller."""
    try:
        yield
    except NoCustomerError as error:
        raise UnknownCustomerError(
            "Nothing is stored about this customer.",
            expected="the id of a customer with an event, message, review, record or fact",
            received=repr(error.customer),
            todo="Post an event of the kind contact_added to open a profile.",
        ) from error
    except NoFactError as error:
        raise UnknownFactError(
            "The customer has no such statement.",
            expected="a fact_id that GET /v1/customers/{customer_id}/history shows",
            received=repr(error.fact_id),
            todo="Ask for the history and use one of its ids.",
        ) from error
    except StaleEditError as error:
        raise ConflictError(
            f"{error}; nothing was stored.",
            expected="what you saw to stand still",
            received=_standing(error.standing),
            todo="Look at the card again; send without `replaces` to write over it all the same.",
        ) from error
    except ValueError as error:
        raise BadRequestError(shown(reason(error)), todo="Correct it and send again.") from error


def _standing(now: Statement | None) -> str | None:
    return None if now is None else shown_value(now.field, now.value)
