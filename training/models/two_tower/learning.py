"""How the two towers are fitted: sampled softmax, early stopping, and the vectors at the end."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray
from training.models.held_out import HeldOut
from training.models.keras_fit import Course, fit_epochs
from training.models.two_tower.batches import Batch, Choices, Sampler
from training.models.two_tower.fusion import means
from training.models.two_tower.goods import Content
from training.models.two_tower.network import Customers, Goods, Network, Sizes
from training.models.two_tower.people import Portraits
from training.models.two_tower.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

    from training.models.two_tower.model import TwoTower

_NEVER = -1e9


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learned from.

    Parameters
    ----------
    windows : list of Window
        The newest last.
    content : Content
        Of all items.
    trained : ndarray of bool, shape [n_items]
        Items somebody had: only they have an embedding of their own.
    edges : tuple of int
        Where the blocks of a profile begin and end.
    """

    windows: list[Window]
    content: Content
    trained: NDArray[np.bool_]
    edges: tuple[int, ...]


def fit_network(
    model: TwoTower, lesson: Lesson, sales: FloatArray, progress: Path | None
) -> tuple[dict[str, NDArray[Any]], Course]:
    """Fit both towers; return the customer tower's weights and ``items``, as of ``sales``.

    The newest window first decides how many epochs are best, learning from the earlier ones; then
    all are learned anew. ``sales`` float32 [n_items, 9] is how items had sold until the end.
    """
    *earlier, newest = lesson.windows
    course = Course([float("nan")], model.epochs - 1, [])
    files = [progress and progress.with_stem(f"{progress.stem}-{n}") for n in ("trial", "last")]
    if earlier:
        known = np.isin(np.arange(len(lesson.trained)), earlier[-1].alive)
        trial = Fitting(model, replace(lesson, windows=earlier, trained=known))
        course = trial.fit(model.epochs, newest, files[0])
    last = Fitting(model, lesson)
    last.fit(course.best + 1, None, files[1])
    for file in files:
        if file is not None:
            file.unlink(missing_ok=True)
    arrays = last.network.arrays()
    arrays["history"][~lesson.trained] = 0
    return arrays | {"items": last.items(sales)}, course


class Fitting:
    """A network that learns, with its optimizer."""

    def __init__(self, model: TwoTower, lesson: Lesson) -> None:
        keras.utils.set_random_seed(model.seed)
        self.model, self.lesson = model, lesson
        content, first = lesson.content, lesson.windows[0]
        items, tags = content.tags.shape
        widths = content.columns.shape[1], first.sales.shape[1]
        self.network = Network(model, Sizes(items, tags, *widths, lesson.edges))
        self.optimizer = keras.optimizers.Adam(model.learning_rate)
        nobody = csr_matrix((1, content.tags.shape[0]), dtype=np.float32)
        one = first.portraits.take(np.zeros(1, dtype=np.int32))
        some = np.zeros(1, dtype=np.int32)
        self.network.both(
            self.customers(one, nobody), self.goods(some, np.ones(1), first.sales), training=False
        )
        self.optimizer.build(self.network.trainable_variables)
        self._step = tf.function(self._loss_and_step, reduce_retracing=True)

    def fit(self, epochs: int, judged: Window | None, progress: Path | None) -> Course:
        """Learn the lesson; stop early where the choices of ``judged`` are found no better."""

        def epoch(number: int) -> None:
            self.network.seed(self.model.seed, number)
            for window, batch in Sampler(self.model).epoch(self.lesson.windows, number):
                self.learn(window, batch)

        def judge() -> float:
            return float("nan") if judged is None else self.quality(judged)

        return fit_epochs(
            self.network, self.optimizer, epoch=epoch, judge=judge,
            epochs=epochs, patience=self.model.patience, progress=progress,
        )  # fmt: skip

    def quality(self, window: Window) -> float:
        """Return nDCG@100 of finding what was chosen in ``window``."""
        given = self.customers(window.portraits, means(window.past))
        vectors = with_one(self.network.customers(given, training=False).numpy())
        nothing = csr_matrix(window.past.shape, dtype=np.float32)
        had = nothing if self.model.repeats else window.past
        items = self.items(window.sales)
        return HeldOut(window.customers, had, window.chosen).ndcg(vectors, items)

    def learn(self, window: Window, batch: Batch) -> None:
        """Make one step."""
        portraits = window.portraits.take(batch.rows).shown(batch.profiled)
        known = batch.known * self.lesson.trained[batch.items]
        self._step(
            self.customers(portraits, batch.history),
            self.goods(batch.items, known, window.sales),
            Choices(*(tf.constant(each) for each in batch.choices)),
        )

    def items(self, sales: FloatArray) -> FloatArray:
        """Return the vectors of all items, [n_items, d + 1]; NaN where nothing is known of one."""
        trained, content = self.lesson.trained, self.lesson.content
        every = np.arange(len(trained), dtype=np.int32)
        vectors = self.network.goods(self.goods(every, trained, sales), training=False)
        found: FloatArray = vectors.numpy()
        found[~(trained | content.known)] = np.nan
        return found

    def customers(self, portraits: Portraits, history: csr_matrix) -> Customers:
        """Return what the customer tower reads; rows of ``history`` sum to 1."""
        columns, present = tf.constant(portraits.columns), portraits.present
        weights = self.model.weights
        shares = present.astype(np.float32) if weights is None else weights.shares(present)
        return Customers(
            columns, tf.constant(present.astype(np.float32)), tf.constant(shares), _sparse(history)
        )

    def goods(self, numbers: NDArray[Any], known: NDArray[Any], sales: FloatArray) -> Goods:
        """Return what the item tower reads."""
        content = self.lesson.content
        return Goods(
            tf.constant(numbers),
            tf.constant(known.astype(np.float32)),
            _sparse(content.tags[numbers]),
            tf.constant(content.columns[numbers]),
            tf.constant(sales[numbers]),
        )

    def _loss_and_step(self, customers: Customers, goods: Goods, choices: Choices) -> Any:
        with tf.GradientTape() as tape:
            left, right = self.network.both(customers, goods, training=True)
            logits = left @ tf.transpose(right[:, :-1]) + right[:, -1]
            against = tf.where(choices.hits, _NEVER, logits - choices.others)
            against = tf.gather(tf.reduce_logsumexp(against, axis=1), choices.pairs[:, 0])
            wanted = tf.gather_nd(logits, choices.pairs) - choices.own
            loss = tf.reduce_mean(tf.nn.softplus(against - wanted))
            squares = [tf.reduce_sum(weight**2) for weight in self.network.penalized()]
            loss += self.model.l2 * tf.add_n(squares)
        weights = self.network.trainable_variables
        self.optimizer.apply(
            tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        )
        return loss


def with_one(customers: FloatArray) -> FloatArray:
    """Return ``customers`` [n, d] with a 1 behind, which meets an item's own number."""
    return np.hstack([customers, np.ones((len(customers), 1), dtype=np.float32)])


def _sparse(rows: csr_matrix) -> tf.SparseTensor:
    entries = rows.tocoo()
    indices = np.stack([entries.row, entries.col], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, entries.data.astype(np.float32), rows.shape)
