"""Studies through the configuration: measured, drawn, kept, reported."""

from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
import pytest

from tests.training.conftest import Bench, ranker_settings
from tests.training.shop import ITEMS, KINDS
from training.plan import PlanError
from training.runner import Prepared, forget, prepare
from training.studies.diversity import Diversity
from training.studies.verb import studied
from training.verb import train

DIVERSITY = ["experiment=diversity", "split.cutoff=latest", "study.weights=[0.5]"]
FAITHFULNESS = ["experiment=faithfulness", "split.cutoff=latest", "study.customers=20"]


@pytest.fixture
def categorized(own_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The shop, its items with a category each."""
    kinds = pd.Series({f"i{i:02d}": f"Kind {i // (ITEMS // KINDS)}" for i in range(ITEMS)})

    def with_kinds(plan: Any) -> Prepared:
        found = prepare(plan)
        object.__setattr__(found, "categories", kinds)
        return found

    monkeypatch.setattr("training.studies.verb.prepare", with_kinds)
    forget()
    return own_bench


def rows_in(bench: Bench, name: str) -> dict[tuple[str, str], float]:
    rows = orjson.loads((bench.data / "reports" / f"{name}.json").read_bytes())
    return {(row["model"], row["metric"]): row["value"] for row in rows}


def test_what_variety_costs(categorized: Bench) -> None:
    value = train(categorized.config(*DIVERSITY, "model.regularization=10"), "ease")
    found = rows_in(categorized, "diversity")
    assert found["ease, none 0", "recall@20"] == value
    assert {model for model, _ in found} == {
        "ease, none 0", "ease, mmr 0.5", "ease, mmr_category 0.5", "ease, calibrated 0.5",
    }  # fmt: skip
    varied = found["ease, mmr_category 0.5", "diversity@20"]
    assert varied >= found["ease, none 0", "diversity@20"]
    calibrated = found["ease, calibrated 0.5", "calibration_error@20"]
    assert calibrated < found["ease, none 0", "calibration_error@20"]
    cost = found["ease, mmr 0.5", "ndcg@20 over none"]
    alone = found["ease, none 0", "ndcg@20"]
    assert found["ease, mmr 0.5", "ndcg@20"] == pytest.approx(alone + cost)
    client = categorized.store.client()
    experiment = categorized.store.experiment("shop", "discover")
    (run,) = client.search_runs([experiment], "tags.role = 'study'")
    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert kept == {"diversity.md", "trade_off.png"}


def test_reasons_are_tested(own_bench: Bench) -> None:
    forget()
    asked = [*FAITHFULNESS, "model=ease", "model.regularization=10"]
    value = train(own_bench.config(*asked), "ease")
    found = rows_in(own_bench, "faithfulness")
    assert found["ease, terms", "comprehensiveness over chance"] == value > 0
    assert found["ease, terms", "error"] == pytest.approx(0, abs=1e-4)
    assert found["ease, shuffled", "named first"] < found["ease, terms", "named first"]
    assert ("ease, shuffled", "error") not in found


def test_a_ranker_is_tested_by_groups_and_by_items(own_bench: Bench) -> None:
    forget()
    train(own_bench.config(*FAITHFULNESS, *ranker_settings(), "study.customers=6"), "ranker")
    found = rows_in(own_bench, "faithfulness")
    kinds = {model.removeprefix("ranker, ") for model, _ in found}
    assert kinds == {"groups", "groups shuffled", "terms", "cosine", "shuffled"}


def test_a_model_that_names_nothing_is_refused(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    with pytest.raises(SystemExit) as end:
        train(own_bench.config(*FAITHFULNESS, "model=popular"), "popular")
    assert end.value.code == 1
    assert "names neither items of the history nor groups" in capsys.readouterr().err


def test_wrong_settings(own_bench: Bench) -> None:
    with pytest.raises(PlanError, match=r"study: .*weights"):
        own_bench.plan("experiment=diversity", "study.weights=[2]")
    with pytest.raises(ValueError, match="at least one configuration"):
        Diversity(steps={}, weights=[0.5])
    with pytest.raises(ValueError, match="expected a study"):
        studied(own_bench.plan(), own_bench.store)
