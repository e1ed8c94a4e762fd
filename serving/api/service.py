"""State of the endpoint: the loaded champion, the event desk, and the threads that do the work."""

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
from serving.api.settings import ApiSettings
from serving.errors import NotReadyError, ServingError
from serving.profiles import LazyFeatures
from serving.ranked import Options
from serving.recommend import Engine

_LOG = logging.getLogger(__name__)

R = TypeVar("R")
Load = Callable[[ApiSettings, LazyFeatures], Engine]


@dataclass(frozen=True)
class Question:
    """Customers asked about together, with their options."""

    customers: tuple[str, ...]
    k: int
    options: Options


def load_engine(settings: ApiSettings, features: LazyFeatures) -> Engine:
    """Load the champion of the workspace and everything an answer needs."""
    from serving.champion import open_champion  # noqa: PLC0415  (imports the model's framework)

    registered = settings.tracking.registry(settings.workspace)
    return open_champion(settings.folders, features=features, at=settings.at, registered=registered)


class Service:
    """One per application; started and stopped by its lifespan.

    Parameters
    ----------
    settings : ApiSettings
        What to serve.
    load : callable, optional
        Makes the engine; the workspace's champion when not given.
    """

    def __init__(self, settings: ApiSettings, load: Load = load_engine) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.seconds_to_ready = 0.0
        self._load = load
        self.features = LazyFeatures(settings.folders)
        store = Store(settings.folders.store)
        self._desk, self._labels = EventDesk(store), LabelDesk(store)
        self._chats, self.profiles = MessageDesk(settings.folders), Editor(settings.folders)
        self.insights = InsightDesk(settings.folders, settings.reports)
        self._engine: Engine | None = None
        self._failure: Exception | None = None
        self._started = perf_counter()
        self._loading: asyncio.Task[None] | None = None
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

    def engine(self) -> Engine:
        """Return the loaded champion.

        Raises
        ------
        NotReadyError
            While it is loading, or when loading failed: says why.
        """
        if self._engine is not None:
            return self._engine
        workspace = self.settings.workspace
        if self._failure is None:
            raise NotReadyError(
                f"The champion of workspace {workspace!r} is loading.",
                todo="Ask again in a few seconds.",
            )
        raise NotReadyError(
            f"The champion of workspace {workspace!r} could not be loaded: {self._failure}",
            todo=(
                f"Train and promote one with `python -m training workspace={workspace}`; "
                f"the server tries again every {self.settings.retry_seconds:g} s."
            ),
        )

    async def start(self) -> None:
        """Begin to load the champion; returns at once."""
        self._started = perf_counter()
        self._loading = asyncio.create_task(self._keep_loading())

    async def stop(self) -> None:
        """Finish what was accepted and stop the threads."""
        if self._loading is not None:
            self._loading.cancel()
            with suppress(asyncio.CancelledError):
                await self._loading
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

    async def _keep_loading(self) -> None:
        while self._engine is None:
            try:
                await self._load_once()
            except Exception as error:
                self._failure = error
                known = isinstance(error, ServingError)
                _LOG.error("the champion could not be loaded: %s", error, exc_info=not known)
                self.insights.warm()  # they need no champion
                await asyncio.sleep(self.settings.retry_seconds)

    async def _load_once(self) -> None:
        loop = asyncio.get_running_loop()
        engine = await loop.run_in_executor(self._reads, self._load, self.settings, self.features)
        await self.scoring.run(lambda: _first_answer(engine))
        # Between two commits, so that no event falls between the read and the first answer.
        await self.commits.run(
            lambda: self._desk.attach(engine.overlay, engine.facts.trained_until)
        )
        gc.collect()
        gc.freeze()  # what was loaded stays: no later collection walks through it and stops answers
        self._engine = engine
        self.seconds_to_ready = perf_counter() - self._started
        self.metrics.ready.set(1)
        self.metrics.model.labels(
            self.settings.workspace, engine.facts.version, engine.facts.name
        ).set(1)
        self.metrics.overlay.set_function(lambda: float(len(engine.overlay)))
        _LOG.info("ready: %s after %.1f s", engine.facts, self.seconds_to_ready)
        self._reads.submit(self.features.open_if_there)  # before the first profile is asked for
        await self.messages.run(self._chats.warm)  # and before the first message is posted
        self.insights.warm()

    def _score(self, questions: Sequence[Question]) -> list[list[bytes] | Exception]:
        """Answer questions with equal options by one ranking of all their customers."""
        engine = self.engine()
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
