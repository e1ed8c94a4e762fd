"""The network of a fitted NCF in NumPy: the first layer is split, so each side is computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray

State = Mapping[str, NDArray[Any]]


def customer_layer(state: State, numbers: IntArray) -> FloatArray:
    """Return what customers add to the first hidden layer, [n, width]."""
    customers = state["customer"][numbers]
    return np.asarray(customers @ state["kernel_0"][: customers.shape[1]] + state["bias_0"])


def item_layer(state: State) -> FloatArray:
    """Return what each item adds to the first hidden layer, [n_items, width]."""
    return np.asarray(state["item"] @ state["kernel_0"][-state["item"].shape[1] :])


def upper_layers(state: State, first: FloatArray) -> FloatArray:
    """Return logits [...] of the first layer's sums [..., width], before their activation."""
    last = sum(name.startswith("kernel_") for name in state) - 1
    signal = np.maximum(first, 0, out=first)
    for layer in range(1, last):
        signal = signal @ state[f"kernel_{layer}"]
        signal += state[f"bias_{layer}"]
        np.maximum(signal, 0, out=signal)
    return np.asarray((signal @ state[f"kernel_{last}"])[..., 0] + state[f"bias_{last}"])
