"""The benchmark of satisfaction: dialogues of our own, whose ratings their words decide."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pytest

from features.text.embedding.embed import Embedder
from features.text.satisfaction import measure as measuring
from training.textbench import satisfaction
from training.textbench.satisfaction import SETS, SHIPPED, measure, read_dialogues

GOOD = ("thanks, that works", "4,5,5")
BAD = ("no, that is wrong", "1,2,2")


def dialogue(draw: random.Random) -> str:
    lines = ["SYSTEM\thello there\tGREET\t"]
    moods = [draw.choice((GOOD, BAD)) for _ in range(3)]
    for number, (words, ratings) in enumerate(moods):
        lines += [f"USER\t{words} {number}\tINFORM\t{ratings}", "SYSTEM\tanything else\tREQ\t"]
    return "\n".join([*lines, f"USER\tOVERALL\t\t{moods[-1][1]}"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    draw = random.Random(1)
    (tmp_path / "satisfaction").mkdir()
    for name in SETS:
        text = "\n" + "\n\n".join(dialogue(draw) for _ in range(30)) + "\n"
        with gzip.open(
            tmp_path / "satisfaction" / f"{name}.txt.gz", "wt", encoding="utf-8"
        ) as file:
            file.write(text)
    return tmp_path


def test_dialogues_are_read_with_their_mean_ratings(data: Path) -> None:
    found = read_dialogues(data, "SGD")
    assert len(found) == 30
    assert [turn.by for turn in found[0].turns] == ["agent", *("customer", "agent") * 3]
    assert not any("OVERALL" in turn.text for turn in found[0].turns)
    means = {4 + 2 / 3, 1 + 2 / 3}
    assert {round(each, 6) for one in found for each in one.rated} == {round(m, 6) for m in means}
    assert found[0].whole == pytest.approx(found[0].rated[-1])


def test_words_that_decide_are_found_within_and_across_sets(
    data: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(satisfaction, "encoder", lambda *_: embedder.vectors)
    monkeypatch.setattr(satisfaction, "SETS", SETS[:2])
    monkeypatch.setattr(measuring, "RESAMPLES", 20)
    rows = list(measure(data, data))
    best = [row for row in rows if row.model == SHIPPED and row.metric == "spearman"]
    assert len(best) == 2 * (2 + 2)  # two levels, two sets, each within and from the other
    assert min(row.value for row in best) > 0.7
    nothing = [row for row in rows if row.model.startswith("constant")]
    assert {row.value for row in nothing if row.metric == "spearman"} == {0}
    low = np.array([row.value for row in nothing if row.metric == "low_f1"])
    assert ((low > 0.5) & (low < 0.8)).all()
    assert {row.n for row in rows} == {30, 90}


def test_what_cannot_be_read_is_named(data: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected .*MISSING\.txt\.gz"):
        read_dialogues(data, "MISSING")
    with gzip.open(data / "satisfaction" / "SGD.txt.gz", "wt") as file:
        file.write("USER\tno ratings")
    with pytest.raises(ValueError, match="expected role, text, act and ratings between tabs"):
        read_dialogues(data, "SGD")
