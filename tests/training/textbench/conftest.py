"""What the tests of the text benchmark share."""

from __future__ import annotations

import pytest

from features.text.embedding.embed import Embedder


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The real encoder, loaded once."""
    found = Embedder()
    found.vectors(["warm"])
    return found
