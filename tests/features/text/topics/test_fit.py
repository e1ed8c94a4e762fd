"""Topics of a kind that does not exist are refused."""

from __future__ import annotations

import numpy as np
import pytest

from features.text.topics import fit_topic_model


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of lda, clusters"):
        fit_topic_model([], lambda texts: np.zeros((0, 2)), kind="lsa", topics=2)  # type: ignore[arg-type]
