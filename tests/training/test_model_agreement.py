"""The model and people: kappa with an interval, on texts that the model has not learned."""

from __future__ import annotations

import math
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import cohen_kappa_score

from features.text.taxonomy.chosen import STARTER
from ingest.store import Store
from tests.training.labeled import TAXONOMY, Shop, truth
from tests.training.test_agreement import rows
from training import label
from training.classify.corpus import place
from training.labeling.fitted import Fitted
from training.labeling.model_agreement import kappa_interval, model_agreement

NAME = "service_intents"  # of the rows that test_agreement makes
STARTS = Fitted(STARTER, frozenset({"an example"}), 1.0)


def test_the_interval_is_about_what_theory_says() -> None:
    """Agreement .7 where chance gives .5, n = 50: standard error sqrt(.7 * .3 / 50) / .5."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = kappa_interval(first, second)
    assert found is not None
    error = math.sqrt(0.7 * 0.3 / 50) / 0.5
    assert found.value == pytest.approx(0.4)
    assert found.low == pytest.approx(0.4 - 1.96 * error, abs=0.05)
    assert found.high == pytest.approx(0.4 + 1.96 * error, abs=0.05)
    wider = kappa_interval(first[::2], second[::2])
    assert wider is not None
    assert wider.high - wider.low > 1.2 * (found.high - found.low)
    assert kappa_interval(["a"] * 40, ["a"] * 40) is None


def test_kappa_with_most_and_with_each() -> None:
    texts = {f"t{n}": f"text {n}" for n in range(40)}
    model = {f"t{n}": "greeting" if n % 2 else "complaint" for n in range(40)}
    bob = {n: "greeting" if n % 3 else "complaint" for n in range(35)}
    given = [(f"text {n}", model[f"t{n}"], "ann") for n in range(40)]
    given += [(f"text {n}", bob[n], "bob") for n in bob]
    given += [(f"text {n}", model[f"t{n}"], "cid") for n in range(5)]
    found = model_agreement(rows(*given), NAME, model, texts, STARTS)
    assert (found.shared, found.unseen) == (40, 40)
    by = {figure.who: figure for figure in found.figures}
    assert list(by) == ["the label of most", "annotator ann", "annotator bob", "annotator cid"]
    assert by["annotator ann"].kappa is not None
    assert by["annotator ann"].kappa.value == pytest.approx(1.0)
    expected = cohen_kappa_score([model[f"t{n}"] for n in bob], list(bob.values()))
    assert by["annotator bob"].kappa is not None
    assert by["annotator bob"].kappa.value == pytest.approx(expected)
    assert (by["annotator cid"].texts, by["annotator cid"].kappa) == (5, None)
    assert "model and annotator cid: 5 texts, too few for a figure; 30 are needed" in found.words


def test_what_taught_the_model_does_not_count() -> None:
    texts = {f"t{n}": f"text {n}" for n in range(100)} | {"e": " an example "}
    model = dict.fromkeys(texts, "greeting")
    given = [(text, "complaint", "ann") for text in texts.values()]
    starter = model_agreement(rows(*given), NAME, model, texts, STARTS)
    assert (starter.shared, starter.unseen) == (101, 100)
    promoted = Fitted("fused", frozenset(), 0.4)
    held = sum(place(text) < 0.4 for text in texts.values())
    fused = model_agreement(rows(*given), NAME, model, texts, promoted)
    assert 30 <= fused.unseen == held < 60
    unknown = model_agreement(rows(*given), NAME, model, texts, Fitted("fused", frozenset(), None))
    assert unknown.unseen == 101
    assert "the figures may be too high" in unknown.words


def test_texts_that_were_not_analyzed_are_not_shared() -> None:
    found = model_agreement(rows(("new", "greeting", "ann")), NAME, {}, {}, STARTS)
    assert (found.shared, found.figures[0].texts) == (0, 0)


def test_the_verb_compares_what_text_analysis_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, tmp_path / "runs")
    monkeypatch.setattr("sys.argv", ["label", *shop.arguments(f"taxonomy={TAXONOMY}"),
                                     "agreement=true"])  # fmt: skip
    label.main()
    assert (
        "no answers of a model to compare with; run python -m features" in capsys.readouterr().out
    )
    shop.analyze(TAXONOMY)
    given = rows(*((text, truth(text), "ann") for text in shop.texts)).to_pylist()
    labels = rows().from_pylist([row | {"taxonomy": TAXONOMY} for row in given], rows().schema)
    Store(shop.workspace.store).add("labels", labels)
    label.main()
    told = capsys.readouterr().out
    answers = pq.read_table(shop.folder / "labels.parquet")["label"].to_pylist()
    kappa = cohen_kappa_score(answers, [truth(text) for text in shop.texts])
    assert f"model and the label of most: Cohen's kappa {kappa:.3f} (95 % interval " in told
    assert "180 texts have labels of both, 180 of them count" in told
    assert "taxonomy's examples only" in told
    assert orjson.loads((shop.folder / "labels.json").read_bytes())[TAXONOMY]["tier"] == STARTER
    assert not (tmp_path / "runs").exists()  # nothing was promoted: no run is asked for
