"""The two towers in Keras 3 on TensorFlow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from training.models.two_tower.fusion import SHORTEST
from training.models.two_tower.people import BLOCKS

if TYPE_CHECKING:
    from training.models.two_tower.model import TwoTower

_MULTIPLIER = 1_000_003  # keeps the draws of epochs apart
_SEEDS = 2**32


class Sizes(NamedTuple):
    """Numbers of items and tags, widths of what the item tower reads, and edges of the blocks."""

    items: int
    tags: int
    content: int
    sales: int
    edges: tuple[int, ...]


class Customers(NamedTuple):
    """What the customer tower reads: columns, presence and shares of blocks, mean of histories."""

    columns: Any
    present: Any
    shares: Any
    history: Any


class Goods(NamedTuple):
    """What the item tower reads: numbers, weight of the id (0 or 1), tags, content and sales."""

    numbers: Any
    known: Any
    tags: Any
    content: Any
    sales: Any


class Network(keras.Model):
    """Vectors of customers [n, d] and of items [m, d + 1], whose last number is the item's own."""

    def __init__(self, model: TwoTower, sizes: Sizes) -> None:
        super().__init__()
        self.gated, self.edges, self.dropout = model.fusion == "gated", sizes.edges, model.dropout
        self.chance = keras.random.SeedGenerator(model.seed)
        self.inner = [layers.Dense(model.hidden, activation="relu") for _ in BLOCKS]
        self.outer = [layers.Dense(model.dimensions) for _ in BLOCKS]
        self.gate = layers.Dense(model.hidden, activation="tanh")
        self.gates = layers.Dense(len(BLOCKS))
        self.strength = self.add_weight(shape=(), initializer="ones", name="strength")
        self.history = self._table(sizes.items, model.dimensions, "history")
        self.ids = self._table(sizes.items, model.dimensions + 1, "ids")
        self.tags = self._table(sizes.tags, model.dimensions + 1, "tags")
        self.content = layers.Dense(model.hidden, activation="relu")
        self.lifted = layers.Dense(model.dimensions + 1)
        self.sold = layers.Dense(model.dimensions + 1, use_bias=False, kernel_initializer="zeros")

    def seed(self, seed: int, epoch: int) -> None:
        """Make what is dropped follow from the seed and the epoch alone."""
        start = (seed + _MULTIPLIER * (epoch + 1)) % _SEEDS
        self.chance.state.assign(np.array([start, 0], dtype=np.uint32))

    def both(self, customers: Customers, goods: Goods, *, training: bool) -> tuple[Any, Any]:
        """Return both sides' vectors."""
        return self.customers(customers, training=training), self.goods(goods, training=training)

    def customers(self, given: Customers, *, training: bool) -> Any:
        """Return fused profiles plus the mean embedding of the history, [n, d]."""
        parts = []
        for place, (inner, outer) in enumerate(zip(self.inner, self.outer, strict=True)):
            columns = given.columns[:, self.edges[place] : self.edges[place + 1]]
            vectors = outer(self._dropped(inner(columns), training=training))
            length = ops.sqrt(ops.sum(vectors**2, axis=1, keepdims=True) + SHORTEST)
            parts.append(vectors / length)
        stacked = ops.stack(parts, axis=1)
        shares = self._gates(stacked, given.present) if self.gated else given.shares
        profiles = ops.sum(stacked * shares[:, :, None], axis=1) * self.strength
        return profiles + tf.sparse.sparse_dense_matmul(given.history, self.history.value)

    def goods(self, given: Goods, *, training: bool) -> Any:
        """Return embeddings of ids and tags, content and sales, added up: [m, d + 1]."""
        columns = ops.concatenate([given.content, given.sales], axis=1)
        lifted = self.lifted(self._dropped(self.content(columns), training=training))
        ids = tf.gather(self.ids.value, given.numbers) * given.known[:, None]
        tags = tf.sparse.sparse_dense_matmul(given.tags, self.tags.value)
        return ids + tags + lifted + self.sold(given.sales)

    def penalized(self) -> list[Any]:
        """Return the weights that L2 is on: all but biases and the strength."""
        return [weight for weight in self.trainable_variables if len(weight.shape) > 1]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights of the customer tower by the names that scoring reads."""
        layered = {"gate": self.gate, "gates": self.gates} if self.gated else {}
        for place in range(len(BLOCKS)):
            layered |= {f"inner_{place}": self.inner[place], f"outer_{place}": self.outer[place]}
        found = {"strength": np.asarray(self.strength.numpy()), "history": self.history.numpy()}
        for name, layer in layered.items():
            stem, _, block = name.partition("_")
            bias = f"{stem}_bias_{block}" if block else f"{stem}_bias"
            found |= {name: layer.kernel.numpy(), bias: layer.bias.numpy()}
        return found

    def _table(self, rows: int, width: int, name: str) -> Any:
        start = keras.initializers.RandomNormal(stddev=0.05)
        return self.add_weight(shape=(rows, width), initializer=start, name=name)

    def _gates(self, parts: Any, present: Any) -> Any:
        shown = ops.reshape(parts * present[:, :, None], (-1, parts.shape[1] * parts.shape[2]))
        scores = self.gates(self.gate(ops.concatenate([shown, present], axis=1)))
        return ops.softmax(scores - 1e9 * (1 - present), axis=1) * present

    def _dropped(self, signal: Any, *, training: bool) -> Any:
        if not training or not self.dropout:
            return signal
        return keras.random.dropout(signal, self.dropout, seed=self.chance)
