"""Work in other processes gives what work in this one does, in the order asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from features.text.embedding.embed import WIDTH, Embedder
from features.text.embedding.vectors import SharedVectors
from features.text.language import LanguageAnalyzer
from features.text.pii.recognize import PiiAnalyzer
from features.text.pipeline.workers import SPAWN_FROM, Job, Team, Workers


class Counting(Embedder):
    """The real encoder, which remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return super().vectors(texts)


def test_vectors_are_computed_once_and_not_for_texts_that_have_one() -> None:
    encoder = Counting()
    shared = SharedVectors(encoder)
    known = np.eye(1, WIDTH, dtype=np.float32)
    job = Job({"embedding": ["new", "other"]}, ["old"], known)
    answers = Team([shared], shared).do(job)
    assert encoder.asked == ["new", "other"]
    again = shared(["old", "new", "other", "new"])
    assert encoder.asked == ["new", "other"]
    np.testing.assert_array_equal(again[0], known[0])
    np.testing.assert_array_equal(again[1], answers["embedding"]["embedding"][0].values.to_numpy())
    Team([shared], shared).do(Job({}))
    shared(["old"])
    assert encoder.asked == ["new", "other", "old"]
    assert shared([]).shape == (0, WIDTH)


def test_only_those_are_asked_that_have_something_to_find_out() -> None:
    team = Team([LanguageAnalyzer(), PiiAnalyzer()], None)
    assert set(team.do(Job({"pii": ["call me"], "language": []}))) == {"pii"}
    assert Job({"pii": ["a", "b"], "language": ["a"]}).size == 2
    assert Job({}).size == 0


@pytest.mark.slow
def test_several_processes_answer_like_one_in_the_same_order() -> None:
    texts = [f"太慢了 {number}" if number % 2 else f"too slow {number}" for number in range(6000)]
    jobs = [Job({"language": texts[start : start + 500]}) for start in range(0, len(texts), 500)]
    team = Team([LanguageAnalyzer()], None)
    found: dict[int, pa.Table] = {}
    with Workers(team, 2) as workers:
        for place, answers in workers.each(enumerate(jobs)):
            found[place] = answers["language"]
        assert len(texts) > SPAWN_FROM
        assert workers.processes == 2
    assert list(found) == list(range(len(jobs)))
    together = pa.concat_tables(found.values())
    assert together.equals(LanguageAnalyzer().analyze(texts))
