"""State of the endpoint: who answers, the event desk, and the threads that do the work."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from ingest.sources.chatlog.webhook import ChatlogWebhook
from ingest.store import Store
from insights.profiles.editor import Editor
from serving.api.answers import encode
from serving.api.batching import Batcher
from serving.api.event_schemas import EventsReceipt
from serving.api.events import EVENT, EventDesk, EventPost
from serving.api.insights import InsightDesk
from serving.api.label_schemas import LabelIn, LabelsReceipt
from serving.api.labels import LabelDesk, rows_of
from serving.api.message_schemas import MessagesReceipt, WebhookReceipt
from serving.api.messages import MESSAGE, MessageDesk, MessagePost
from serving.api.metrics import Metrics
from serving.api.served import Leading, Load, Served, leading_version, load_engine
from serving.api.settings import ApiSettings
from serving.profiles import LazyFeatures
from serving.ranked import Options
from serving.recommend import Engine

_LOG = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True)
class Question:
    """Customers asked about together, with their options."""

    customers: tuple[str, ...]
    k: int
    options: Options


class Service:
    """One per application; started and stopped by its lifespan.

    Parameters
    ----------
    settings : ApiSettings
        What to serve.
    load : callable, optional
        Makes the engine; the workspace's champion when not given.
    leading : callable, optional
        Says which version leads; asks the registry when not given.
    """

    def __init__(
        self, settings: ApiSettings, load: Load = load_engine, leading: Leading = leading_version
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.seconds_to_ready = 0.0
        self.served = Served(settings, leading)
        self._load = load
        self.features = LazyFeatures(settings.folders)
        store = Store(settings.folders.store)
        self._desk, self._labels = EventDesk(store), LabelDesk(store)
        self._chats, self.profiles = MessageDesk(settings.folders), Editor(settings.folders)
        self.insights = InsightDesk(settings.folders, settings.reports)
        self._started = perf_counter()
        self._following: asyncio.Task[None] | None = None
        self._reads = ThreadPoolExecutor(2, thread_name_prefix="reads")
        self.scoring: Batcher[Question, list[bytes]] = Batcher(
            self._score, max_size=settings.batch, name="scoring"
        )
        self.commits: Batcher[EventPost, EventsReceipt] = Batcher(
            self._desk.commit, max_size=64, name="commits"
        )
        self.messages: Batcher[MessagePost, MessagesReceipt] = Batcher(
            self._chats.commit, max_size=64, name="messages"
        )

    async def start(self) -> None:
        """Begin to load the champion, then follow who leads; returns at once."""
        self._started = perf_counter()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Finish what was accepted and stop the threads."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        await self.scoring.close()
        await self.commits.close()
        await self.messages.close()
        self._reads.shutdown(wait=True)
        self.insights.close()

    async def ask(self, question: Question) -> list[bytes]:
        """Return one JSON object for every customer of a question."""
        return await self.scoring.ask(question)

    async def accept(self, post: EventPost) -> EventsReceipt:
        """Store the events of a request; they are on disk when this returns."""
        receipt = await self.commits.ask(post) if post.rows else EVENT.nothing(post)
        for outcome in ("accepted", "duplicate", "rejected"):
            self.metrics.events.labels(outcome).inc(getattr(receipt, outcome))
        return receipt

    async def accept_labels(self, labels: Sequence[LabelIn]) -> LabelsReceipt:
        """Store the labels of a request; they are on disk when this returns."""
        rows = await self.read(lambda: rows_of(labels))
        return await self.commits.run(lambda: self._labels.commit(rows))

    async def accept_messages(self, post: MessagePost) -> MessagesReceipt:
        """Store the messages of a request; they are on disk when this returns."""
        receipt = await self.messages.ask(post) if post.rows else MESSAGE.nothing(post)
        self._count(receipt)
        return receipt

    async def accept_chatlog(self, messages: list[Any], token: str | None) -> WebhookReceipt:
        """Store the messages of a webhook's body; they are on disk when this returns.

        Raises
        ------
        ForbiddenError
            If the webhook is closed or the token is wrong.
        """
        told = self.settings.chatlog
        basis = told.check(token)
        source = ChatlogWebhook(messages, sides=told.sides, zone=told.zone)
        done = await self.messages.run(lambda: self._chats.take(source, basis))
        receipt = WebhookReceipt(
            received=done.read,
            accepted=done.accepted,
            duplicate=done.duplicate,
            rejected=done.rejected,
        )
        self._count(receipt)
        return receipt

    def _count(self, receipt: MessagesReceipt | WebhookReceipt) -> None:
        for outcome in ("accepted", "duplicate", "rejected"):
            self.metrics.messages.labels(outcome).inc(getattr(receipt, outcome))

    async def read(self, function: Callable[[], R]) -> R:
        """Run a blocking read beside the scoring thread."""
        return await asyncio.get_running_loop().run_in_executor(self._reads, function)

    async def _follow(self) -> None:
        while True:
            try:
                if await self.read(self.served.is_overtaken):
                    await self._take_over()
            except Exception as error:
                self.served.failed(error)
                if not self.seconds_to_ready:
                    self.insights.warm()  # they need no champion
            if not self.served.pause:
                return
            await asyncio.sleep(self.served.pause)

    async def _take_over(self) -> None:
        """Load the version that leads and let it answer; until then, who answered still does."""
        engine = await self.read(lambda: self._load(self.settings, self.features))
        await self.scoring.run(lambda: _first_answer(engine))
        # Between two commits, so that no event falls between the read and the first answer.
        await self.commits.run(lambda: self._install(engine))
        _LOG.info("%s answers", engine.facts)
        if not self.seconds_to_ready:
            self.seconds_to_ready = perf_counter() - self._started
            await self._warm()

    async def _warm(self) -> None:
        """Prepare what is asked for later, once, after the first answer can be given."""
        self._reads.submit(self.features.open_if_there)  # before the first profile is asked for
        await self.messages.run(self._chats.warm)  # and before the first message is posted
        self.insights.warm()

    def _install(self, engine: Engine) -> None:
        self._desk.attach(engine.overlay, engine.facts.trained_until)
        gc.unfreeze()  # what answered before may go
        gc.collect()
        gc.freeze()  # what was loaded stays: no later collection walks through it and stops answers
        self.served.take(engine)
        self.metrics.serves(self.settings.workspace, engine.facts, engine.overlay)

    def _score(self, questions: Sequence[Question]) -> list[list[bytes] | Exception]:
        """Answer questions with equal options by one ranking of all their customers."""
        engine = self.served.engine()
        answers: list[list[bytes] | Exception] = [[] for _ in questions]
        groups: dict[Options, list[int]] = {}
        for position, question in enumerate(questions):
            groups.setdefault(engine.settled(question.options), []).append(position)
        for options, positions in groups.items():
            asked = [questions[position] for position in positions]
            for position, answer in zip(positions, _rank(engine, asked, options), strict=True):
                answers[position] = answer
        return answers


def _first_answer(engine: Engine) -> None:
    """Answer once before anybody asks: what is made at first use is made now."""
    known = engine.model.customers.ids[:1].tolist()
    engine.rank([*known, ""], 1)


def _rank(
    engine: Engine, asked: Sequence[Question], options: Options
) -> Sequence[list[bytes] | Exception]:
    everyone = list(
        dict.fromkeys(customer for question in asked for customer in question.customers)
    )
    try:
        ranked = engine.rank(everyone, max(question.k for question in asked), options)
        return [encode(ranked, q.customers, q.k, engine.catalog, engine.facts) for q in asked]
    except Exception as error:
        return [error] * len(asked)
