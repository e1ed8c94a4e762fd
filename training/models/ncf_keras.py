"""The network of NCF in Keras 3 on TensorFlow, and how it is fitted."""

from __future__ import annotations

import math
import os
from time import perf_counter
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.models.ncf_pairs import Examples, Pairs

if TYPE_CHECKING:
    from training.models.ncf import NCF

_ERROR = "error"  # the loss without penalties, which grow while a network learns
_WATCHED = f"val_{_ERROR}"


class Batches(keras.utils.PyDataset):
    """Examples of one epoch in batches; every epoch samples and shuffles anew."""

    def __init__(self, pairs: Pairs, batch_size: int, seed: int) -> None:
        super().__init__()
        self.pairs = pairs
        self.batch_size = batch_size
        self.rng = np.random.default_rng(seed)
        self.examples = pairs.epoch(self.rng)

    def __len__(self) -> int:
        return math.ceil(len(self.examples.customers) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[tuple[Any, Any], Any]:
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return _inputs(self.examples.take(rows))

    def on_epoch_end(self) -> None:
        """Draw the next epoch."""
        self.examples = self.pairs.epoch(self.rng)


def fit_network(
    model: NCF, pairs: Pairs
) -> tuple[dict[str, NDArray[Any]], tuple[float, float, float], NDArray[np.float64]]:
    """Fit the network that ``model`` describes.

    Returns
    -------
    tuple
        Weights by name (``customer``, ``item``, biases, ``kernel_0`` ...); the squared error,
        absolute error and number of epochs; and epoch, minutes and loss of each epoch, [epochs, 3].
        Errors and loss are those of the held-out pairs, with targets in 0..1.
    """
    keras.utils.set_random_seed(model.seed)
    network = build_network(model, pairs)
    rated = model.target == "rating"
    loss = "mse" if rated else "binary_crossentropy"
    error = keras.metrics.MeanSquaredError if rated else keras.metrics.BinaryCrossentropy
    network.compile(
        optimizer=keras.optimizers.Adam(model.learning_rate),
        loss=loss,
        metrics=["mse", "mae", error(name=_ERROR)],
        jit_compile=False,
    )
    stop = keras.callbacks.EarlyStopping(
        monitor=_WATCHED, mode="min", patience=model.patience, restore_best_weights=True
    )
    batch, epochs = model.schedule(len(pairs.learned.customers))
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(perf_counter()))
    inputs, targets = _inputs(pairs.held_out)
    started = perf_counter()
    history = network.fit(
        Batches(pairs, batch, model.seed),
        validation_data=(inputs, targets),
        validation_batch_size=4 * model.batch_size,
        epochs=epochs,
        callbacks=[stop, clock],
        verbose=0,
    ).history
    best = int(np.argmin(history[_WATCHED]))
    errors = (history["val_mse"][best], history["val_mae"][best], float(len(history["loss"])))
    minutes = (np.array(ends) - started) / 60
    curve = np.column_stack([np.arange(1, len(ends) + 1), minutes, history[_WATCHED]])
    return _weights(network), errors, curve


def build_network(model: NCF, pairs: Pairs) -> keras.Model:
    """Return the network: customer int32 [n, 1] and items [n, width] in, 0..1 [n, width] out."""
    customer = keras.Input((1,), dtype="int32", name="customer_number")
    item = keras.Input((1 + pairs.negatives,), dtype="int32", name="item_number")

    def embed(numbers: Any, size: int, width: int, name: str) -> Any:
        return layers.Embedding(
            size,
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05 if width > 1 else 0),
            embeddings_regularizer=keras.regularizers.L2(model.l2),
            name=name,
        )(numbers)

    left = embed(customer, pairs.shape[0], model.dimensions, "customer")
    right = embed(item, pairs.shape[1], model.dimensions, "item")
    if model.interaction == "dot":
        left = layers.Dropout(model.dropout, seed=model.seed)(left)
        product = ops.sum(left * right, axis=-1, keepdims=True)
        product += embed(customer, pairs.shape[0], 1, "customer_bias")
        product += embed(item, pairs.shape[1], 1, "item_bias")
        logit = Offset(pairs.usual, name="offset")(product)
    else:
        left = layers.Dropout(model.dropout, seed=model.seed)(left)
        left = ops.repeat(left, 1 + pairs.negatives, axis=1)
        signal = layers.Concatenate()([left, right])
        for place, width in enumerate(model.hidden):
            signal = layers.Dense(width, activation="relu", name=f"dense_{place}")(signal)
        logit = layers.Dense(
            1,
            bias_initializer=keras.initializers.Constant(pairs.usual),
            name=f"dense_{len(model.hidden)}",
        )(signal)
    return keras.Model([customer, item], ops.squeeze(ops.sigmoid(logit), -1))


class Offset(layers.Layer):
    """Add one learned number, ``start`` at first."""

    def __init__(self, start: float, name: str) -> None:
        super().__init__(name=name)
        self.start = start

    def build(self, input_shape: Any) -> None:
        """Make the number."""
        del input_shape
        self.value = self.add_weight(
            shape=(1,), initializer=keras.initializers.Constant(self.start), name="value"
        )

    def call(self, inputs: Any) -> Any:
        """Return ``inputs`` plus the number."""
        return inputs + self.value


def _inputs(examples: Examples) -> tuple[tuple[Any, Any], Any]:
    return (examples.customers[:, None], examples.items), examples.targets


def _weights(network: keras.Model) -> dict[str, NDArray[Any]]:
    """Return weights by the names :class:`NCF` keeps them under."""
    found: dict[str, NDArray[Any]] = {}
    for layer in network.layers:
        arrays = [np.asarray(array) for array in layer.get_weights()]
        if layer.name.startswith("dense_"):
            place = layer.name.removeprefix("dense_")
            found |= {f"kernel_{place}": arrays[0], f"bias_{place}": arrays[1]}
        elif arrays:
            found["bias" if layer.name == "offset" else layer.name] = arrays[0]
    return found
