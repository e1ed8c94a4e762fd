"""A simulated layer of reviews and support chats over a loaded data set.

Public data sets have purchases or texts, seldom both. This source lets customers of a loaded store
talk about what they really bought, in Chinese, English or a mix, so that text analysis, profiles
and insights can be built and tested end to end. Every row has ``source = simulated`` and says so
again in its JSON. No text knows anything later than the purchase it is about: its mood depends on
latent qualities of the product group, the season, the customer's temper and chance, all drawn by
seed. What is true about each text (sentiment, aspects, topic, need, facts and their spans) is kept
in ``simulated-truth.parquet`` beside the store and never loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, NonNegativeInt, PositiveInt, validate_call

from ingest.schemas import canonical
from ingest.sources.base import RawBatch
from ingest.sources.simulation import truth
from ingest.sources.simulation.chats import Chat
from ingest.sources.simulation.dialogue import write_chat
from ingest.sources.simulation.grammar import generator
from ingest.sources.simulation.purchases import Bought, draw, occasion
from ingest.sources.simulation.reviews import Review, write_review
from ingest.store import Store
from ingest.workspace import Workspace

_TEXTS_A_CHAT = 4  # on average; the draw is generous, generation stops at the wanted number


class Simulated:
    """Reviews and chats of the customers of one workspace.

    Parameters
    ----------
    folder : Path
        Root folder of the workspace, whose store holds customers' purchases and items.
    seed : int
        Everything depends on it; the same seed over the same store gives the same rows and ids.
    texts : int
        Texts wanted: feedback rows plus texts written by customers in chats.
    chat_share : float
        Share of them that is written in chats, 0..1.
    kinds : tuple of str
        Kinds of events that count as having the product.

    Raises
    ------
    SourceError
        From :meth:`batches`, if the store has nothing to talk about.
    """

    name = "simulated"

    @validate_call
    def __init__(
        self,
        *,
        folder: Path,
        seed: NonNegativeInt = 7,
        texts: PositiveInt = 12_000,
        chat_share: Annotated[float, Field(ge=0, le=1)] = 0.45,
        kinds: tuple[str, ...] = ("purchase",),
    ) -> None:
        self.workspace = Workspace(folder)
        self.seed = seed
        self.texts = texts
        self.chat_share = chat_share
        self.kinds = kinds

    def batches(self) -> Iterator[RawBatch]:
        """Yield feedback, then messages, and write the truth beside them."""
        store = Store(self.workspace.store)
        reviews, chats = self._write(store)
        truths = [review.truth for review, _ in reviews]
        truths += [entry for chat in chats for entry in chat.truths]
        truths += [chat.survey.truth for chat in chats if chat.survey]
        truth.write(self.workspace.root, truths)
        feedback = [_review_row(review, at) for review, at in reviews]
        feedback += [_survey_row(chat) for chat in chats if chat.survey]
        messages = [_message_row(row, chat) for chat in chats for row in chat.messages]
        for table, rows in (("feedback", feedback), ("messages", messages)):
            if rows:
                typed = pa.Table.from_pylist(rows, schema=canonical(table).schema)
                yield RawBatch(table, typed, f"simulated (seed {self.seed})")

    def _write(self, store: Store) -> tuple[list[tuple[Review, datetime]], list[Chat]]:
        for_chats = round(self.texts * self.chat_share)
        for_reviews = self.texts - for_chats
        count = round(1.3 * (for_reviews + for_chats / _TEXTS_A_CHAT)) + 50
        end = _last_event(store)
        reviews: list[tuple[Review, datetime]] = []
        chats: list[Chat] = []
        said = 0
        share = for_chats / _TEXTS_A_CHAT / (for_chats / _TEXTS_A_CHAT + for_reviews)
        for bought in draw(store, self.seed, count, self.kinds):
            chat = _chooses_chat(self.seed, bought, share)
            about = occasion(bought, self.seed, chat=chat)
            if about.at >= end:
                continue
            if chat and said < for_chats:
                chats.append(write_chat(about))
                said += len(chats[-1].truths) + (chats[-1].survey is not None)
            elif not chat and len(reviews) < for_reviews:
                reviews.append((write_review(about), about.at))
        return reviews, chats


def _chooses_chat(seed: int, bought: Bought, share: float) -> bool:
    return generator(seed, "way", bought.event_id).random() < share


def _last_event(store: Store) -> datetime:
    """Time of the last event: the data end there, and so do the texts."""
    events = store.read("events", ["occurred_at"], pc.field("source") != "simulated")
    last: datetime | None = pc.max(events["occurred_at"]).as_py()
    return last or datetime.max.replace(tzinfo=UTC)


def _flag(**about: object) -> str:
    return json.dumps({"simulated": True} | about, ensure_ascii=False, separators=(",", ":"))


def _review_row(review: Review, at: datetime) -> dict[str, Any]:
    return {
        "feedback_id": review.feedback_id,
        "source": "simulated",
        "customer_id": review.truth.customer_id,
        "item_id": review.truth.item_id,
        "kind": review.kind,
        "title": review.title,
        "text": review.text,
        "rating": review.rating,
        "occurred_at": at,
        "available_at": at,
        "attributes": _flag(),
    }


def _survey_row(chat: Chat) -> dict[str, Any]:
    survey = chat.survey
    assert survey is not None  # noqa: S101 - only called for chats with a survey
    return {
        "feedback_id": survey.feedback_id,
        "source": "simulated",
        "customer_id": chat.person.customer_id,
        "item_id": chat.occasion.product.item_id,
        "kind": "survey",
        "text": survey.text,
        "rating": survey.rating,
        "occurred_at": survey.at,
        "available_at": survey.at,
        "attributes": _flag(conversation_id=chat.conversation_id),
    }


def _message_row(row: dict[str, Any], chat: Chat) -> dict[str, Any]:
    about = chat.occasion
    return row | {
        "source": "simulated",
        "available_at": row["occurred_at"],
        "raw": _flag(item_id=about.product.item_id, event_id=about.key),
    }
