"""Customers drawn from the models themselves, so that the right parameters are known."""

from __future__ import annotations

import numpy as np

from insights.lifetime.buying import Kind
from insights.lifetime.histories import Floats, Histories

TRUE = {"r": 0.8, "alpha": 20.0, "a": 0.9, "b": 3.0}


def buyers(count: int, kind: Kind = "bg_nbd", seed: int = 7) -> Histories:
    """Return customers of BG/NBD or MBG/NBD, watched for 60 to 359 days."""
    draw = np.random.default_rng(seed)
    rate = draw.gamma(TRUE["r"], 1 / TRUE["alpha"], count)
    leave = draw.beta(TRUE["a"], TRUE["b"], count)
    age = draw.integers(60, 360, count).astype(float)
    often, last, clock = np.zeros(count), np.zeros(count), np.zeros(count)
    stays = draw.random(count) >= leave if kind == "mbg_nbd" else np.ones(count, bool)
    while stays.any():
        clock = clock + draw.exponential(1 / rate)
        stays &= clock <= age
        often[stays] += 1
        last[stays] = clock[stays]
        stays &= draw.random(count) >= leave
    return Histories(often, np.ceil(last), age)


def spenders(count: int, seed: int = 7) -> tuple[Floats, Floats]:
    """Return counts and means of Gamma-Gamma customers with p=6, q=4, v=15."""
    draw = np.random.default_rng(seed)
    often = draw.integers(1, 9, count).astype(float)
    rate = draw.gamma(4.0, 1 / 15.0, count)
    return often, draw.gamma(6 * often, 1 / (often * rate))
