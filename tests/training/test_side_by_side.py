"""A ranking that another library wrote is measured exactly as the model that made it."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.training.shop import START, interactions
from training.evaluate import evaluate
from training.models.item_knn import ItemKNN
from training.splits import GlobalTemporal

SCRIPTS = Path(__file__).parents[1] / "benchmarks" / "side_by_side"


def test_a_written_ranking_is_judged_as_its_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in ("common", "judge", "questions"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from common import Exported
    from judge import Written

    split = GlobalTemporal(cutoff=START + timedelta(days=100), window_days=20).splits(
        interactions()
    )[0]
    model = ItemKNN(neighbors=3).fit(split.train)
    found = model.recommend(split.train.customers.ids.tolist(), 20, exclude_seen=True)
    (tmp_path / "train.csv").write_text("customer_id,item_id,count,last\nc1,i1,2,2024-01-01\n")
    (tmp_path / "asked.csv").write_text("customer_id\nc1\n")
    exported = Exported(tmp_path)
    assert exported.asked == ["c1"]
    exported.keep("theirs", "knn", found, 1.5)
    ranking = pd.read_csv(tmp_path / "rankings" / "theirs.knn.csv", dtype=str)
    ranking["rank"] = ranking["rank"].astype(int)
    written = Written(ranking=ranking).fit(split.train)
    ours, theirs = (evaluate(each, split, "discover", 20) for each in (model, written))
    pd.testing.assert_frame_equal(theirs.customers, ours.customers)
    assert theirs.summary["coverage@20"].value == ours.summary["coverage@20"].value
    assert 0 < ours.summary["recall@20"].value < 1
