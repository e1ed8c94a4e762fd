"""The network of MultVAE in Keras 3 on TensorFlow, and how it is fitted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.models.held_out import HeldOut
from training.models.keras_fit import Course, fit_epochs
from training.models.vae_layers import encoded, unit_rows

if TYPE_CHECKING:
    from pathlib import Path

    from training.models.vae import MultVAE


class Network(keras.Model):
    """Items -> hidden -> mean and spread of a code -> hidden -> logits of all items."""

    def __init__(self, model: MultVAE, n_items: int) -> None:
        super().__init__()
        self.first = self.add_weight(
            shape=(n_items, model.hidden), initializer="glorot_uniform", name="first"
        )
        self.first_bias = self.add_weight(
            shape=(model.hidden,), initializer="zeros", name="first_bias"
        )
        self.mean = layers.Dense(model.dimensions)
        self.log_variance = layers.Dense(model.dimensions)
        self.decoder = layers.Dense(model.hidden, activation="tanh")
        self.items = layers.Dense(n_items)

    def read(self, given: tf.SparseTensor, noise: Any) -> tuple[Any, Any, Any]:
        """Return logits [n, n_items], and mean and log variance of the codes [n, dimensions]."""
        hidden = ops.tanh(tf.sparse.sparse_dense_matmul(given, self.first.value) + self.first_bias)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        code = mean + noise * ops.exp(log_variance / 2)
        return self.items(self.decoder(code)), mean, log_variance

    def kernels(self) -> list[Any]:
        """Return what the penalty is on."""
        dense = (self.mean, self.log_variance, self.decoder, self.items)
        return [self.first, *(layer.kernel for layer in dense)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights by the names :class:`MultVAE` keeps them under."""
        parts = {"mean": self.mean, "decoder": self.decoder}
        found = {"first": self.first.numpy(), "first_bias": self.first_bias.numpy()}
        for name, layer in parts.items():
            found |= {name: layer.kernel.numpy(), f"{name}_bias": layer.bias.numpy()}
        items = np.vstack([self.items.kernel.numpy(), self.items.bias.numpy()[None]])
        return found | {"items": np.ascontiguousarray(items.T)}


def fit_network(
    model: MultVAE, matrix: csr_matrix, held_out: HeldOut, progress: Path | None
) -> tuple[dict[str, NDArray[Any]], Course]:
    """Fit the network that ``model`` describes to binary ``matrix`` [n_customers, n_items]."""
    keras.utils.set_random_seed(model.seed)
    network = Network(model, matrix.shape[1])
    network.read(_sparse(unit_rows(matrix[:1])), np.zeros((1, model.dimensions), dtype=np.float32))
    optimizer = keras.optimizers.Adam(model.learning_rate)
    optimizer.build(network.trainable_variables)
    step = _step_of(network, optimizer, model.l2)
    rows = np.flatnonzero(np.diff(matrix.indptr))

    def epoch(number: int) -> None:
        random = np.random.default_rng((model.seed, number))
        order = random.permutation(rows)
        weight = np.float32(model.beta * min(1, (number + 1) / model.anneal_epochs))
        for start in range(0, len(order), model.batch_size):
            batch = matrix[np.sort(order[start : start + model.batch_size])]
            noise = random.standard_normal((batch.shape[0], model.dimensions), dtype=np.float32)
            step(_sparse(_dropped(batch, model.dropout, random)), _sparse(batch), noise, weight)

    def judge() -> float:
        state = network.arrays()
        return held_out.ndcg(encoded(state, held_out.given), state["items"])

    course = fit_epochs(
        network, optimizer, epoch=epoch, judge=judge,
        epochs=model.epochs, patience=model.patience, progress=progress,
    )  # fmt: skip
    return network.arrays(), course


def _step_of(network: Network, optimizer: keras.optimizers.Optimizer, l2: float) -> Any:
    """Return one step of learning: given and wanted rows, noise, weight of the divergence in."""

    @tf.function(reduce_retracing=True)
    def step(given: tf.SparseTensor, wanted: tf.SparseTensor, noise: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            logits, mean, log_variance = network.read(given, noise)
            chosen = tf.reduce_sum(tf.gather_nd(logits, wanted.indices))
            counts = tf.sparse.reduce_sum(wanted, axis=1)
            likelihood = chosen - tf.reduce_sum(counts * tf.reduce_logsumexp(logits, axis=1))
            divergence = tf.reduce_sum(tf.exp(log_variance) + mean**2 - 1 - log_variance) / 2
            loss = (weight * divergence - likelihood) / tf.cast(tf.shape(logits)[0], logits.dtype)
            loss += l2 * tf.add_n([tf.reduce_sum(kernel**2) for kernel in network.kernels()])
        optimizer.apply(tape.gradient(loss, network.trainable_variables))
        return loss

    return step


def _dropped(batch: csr_matrix, share: float, random: np.random.Generator) -> csr_matrix:
    """Return the rows at unit length, with a ``share`` of their entries 0 and the others raised."""
    found = unit_rows(batch)
    kept = random.random(found.nnz, dtype=np.float32) >= share
    found.data *= kept / np.float32(1 - share)
    return found


def _sparse(rows: csr_matrix) -> tf.SparseTensor:
    entries = rows.tocoo()
    indices = np.stack([entries.row, entries.col], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, entries.data.astype(np.float32), rows.shape)
