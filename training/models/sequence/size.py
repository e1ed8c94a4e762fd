"""Whether a fit fits in memory, asked before anything is made."""

from __future__ import annotations

from training.models.memory import available_bytes
from training.models.sequence.settings import SequenceSettings

SOFTMAX_ROWS = 256  # vectors whose scores of all items are in memory (better: the cache) at a time
_SCORE_BYTES = 16  # a score and its probability, and both in half precision
_WEIGHT_BYTES = 28  # weight, gradient and two moments; the best epoch; in half precision twice


def check_memory(model: SequenceSettings, n_items: int) -> None:
    """Refuse a fit that needs more memory than there is.

    Raises
    ------
    MemoryError
        Naming what it needs, what there is, and what to change.
    """
    weights = n_items * model.dimensions * _WEIGHT_BYTES
    if model.loss == "softmax":
        scores = min(SOFTMAX_ROWS, model.batch_items) * n_items * _SCORE_BYTES
    else:
        scores = model.batch_items * model.negatives * _SCORE_BYTES
    free = available_bytes()
    if weights + scores <= free:
        return
    advice = "lower model.dimensions or model.negatives"
    if model.loss == "softmax" and scores > weights:
        advice = "use model.loss=sampled, which scores model.negatives items a step instead of all"
    raise MemoryError(
        f"SASRec: {n_items:,} items need {weights / 1e9:.1f} GB for weights and "
        f"{scores / 1e9:.1f} GB for scores, {free / 1e9:.1f} GB are available; {advice}, or use "
        "model=als"
    )
