"""How good a classifier is on texts that it has not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
_BINS = 10


@dataclass(frozen=True)
class Quality:
    """Figures over held-out folds.

    Parameters
    ----------
    accuracy, macro_f1 : float
        Of the most probable label, whatever its probability.
    calibration_error : float
        Mean gap between stated confidence and share of right labels, over ten bins of confidence
        weighted by their size (Guo et al., ICML 2017).
    texts : int
        How many texts the figures rest on.
    kept, kept_right : float
        Share of texts at or above the threshold, and how many of those are right.
    outside_recall : float or None
        Share of sentences that belong nowhere, and were not used to choose the threshold, that are
        called unknown; None where there were none.
    """

    accuracy: float
    macro_f1: float
    calibration_error: float
    texts: int
    kept: float = 1.0
    kept_right: float = 0.0
    outside_recall: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Return the figures rounded to four digits."""
        return {
            name: None if value is None else round(value, 4) for name, value in asdict(self).items()
        }


def quality_of(
    probabilities: FloatArray, labels: NDArray[np.int64], *, threshold: float = 0.0
) -> Quality:
    """Return how good held-out probabilities [n, L] are beside the true labels [n]."""
    chosen, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right, above = chosen == labels, confidence >= threshold
    return Quality(
        accuracy=float(right.mean()),
        macro_f1=float(f1_score(labels, chosen, average="macro", labels=np.unique(labels))),
        calibration_error=calibration_error(confidence, right),
        texts=len(labels),
        kept=float(above.mean()),
        kept_right=float(right[above].mean()) if above.any() else 0.0,
    )


def refusing(
    probabilities: FloatArray, labels: NDArray[np.int64], outside: FloatArray
) -> tuple[float, Quality]:
    """Return the threshold that keeps right answers and refuses outsiders, and the quality with it.

    Parameters
    ----------
    probabilities : numpy.ndarray
        float32 [n, L], of held-out texts.
    labels : numpy.ndarray
        int64 [n], their true labels.
    outside : numpy.ndarray
        float32 [m], confidence in sentences that belong nowhere, translations side by side: two of
        every four decide, the others measure. Without any, nothing is refused.
    """
    if not len(outside):
        return 0.0, quality_of(probabilities, labels)
    first = np.arange(len(outside)) // 2 % 2 == 0
    right = probabilities.argmax(axis=1) == labels
    threshold = threshold_of(probabilities.max(axis=1), right, outside[first])
    recall = float((outside[~first] < threshold).mean()) if (~first).any() else None
    quality = quality_of(probabilities, labels, threshold=threshold)
    return threshold, replace(quality, outside_recall=recall)


def calibration_error(confidence: FloatArray, right: BoolArray) -> float:
    """Return the expected calibration error over ten bins of confidence."""
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, weights=confidence - np.asarray(right, dtype=np.float64))
    return float(np.abs(gaps).sum() / max(1, len(confidence)))


def threshold_of(confidence: FloatArray, right: BoolArray, outside: FloatArray) -> float:
    """Return the confidence where as many right texts stay and outsiders go as possible.

    The mean of the two shares decides; of equal ones the middle is taken. Without outsiders, or
    with nothing right, there is nothing to measure and the threshold is 0.
    """
    kept = np.sort(confidence[right])
    if not len(outside) or not len(kept):
        return 0.0
    steps = np.unique(np.concatenate([kept, outside]))
    choices = np.concatenate([steps, (steps[1:] + steps[:-1]) / 2])
    stays = 1 - np.searchsorted(kept, choices, side="left") / len(kept)
    goes = np.searchsorted(np.sort(outside), choices, side="left") / len(outside)
    best = choices[stays + goes >= (stays + goes).max() - 1e-9]
    return float((best.min() + best.max()) / 2)
