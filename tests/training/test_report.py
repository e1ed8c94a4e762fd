"""Rows of measurements and the tables made of them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from tests.training.conftest import Bench
from training import report
from training.report import (
    Row,
    gain_rows,
    main,
    read_rows,
    rows_of,
    update,
    write_rows,
)
from training.runner import run
from training.tables import render, render_starts
from training.tracking.table import comparison


def row(model: str, value: float, metric: str = "recall@20", **more: float) -> Row:
    return Row(
        dataset="shop", protocol="discover, t", model=model, metric=metric, value=value, **more
    )  # type: ignore[arg-type]


def test_measuring_again_replaces(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "x.json"
    write_rows(path, [row("als", 0.1), row("ease", 0.2)])
    write_rows(path, [row("als", 0.3)])
    assert {each["model"]: each["value"] for each in read_rows(path)} == {"als": 0.3, "ease": 0.2}


def test_rows_carry_the_reference_of_the_configuration(bench: Bench) -> None:
    plan = bench.plan("model=popular", "+references.popular={recall@20: 0.25}", name="popular")
    rows = {each.metric: each for each in rows_of(run(plan))}
    found = rows["recall@20"]
    assert found.reference == 0.25
    assert found.ratio == pytest.approx(found.value / 0.25)
    assert found.low is not None
    assert found.low <= found.value
    assert rows["coverage@20"].low is None
    assert found.protocol.startswith("discover, global-")


def test_starts_are_ordered_by_what_is_known_and_leave_out_who_answered_nothing() -> None:
    def starts(model: str, known: str, value: float, answered: float, **gains: float) -> list[Row]:
        found = [
            row(model, value, n=9),
            row(model, answered, metric="answered"),
            *(
                row(model, gain, metric=f"recall@20 over {name.replace('_', ' ')}", low=gain - 0.1,
                    high=gain + 0.1)
                for name, gain in gains.items()
            ),
        ]  # fmt: skip
        return [replace(each, protocol=f"{known}, t") for each in found]

    rows = [
        row("reads", 0.4),  # the usual protocol
        *starts("popular", "nothing known", 0.1, 1),
        *starts("popular", "1 click", 0.12, 1, nothing_known=0.02),
        *starts("reads", "nothing known", 0.1, 0),
        *starts("reads", "profile alone", 0.2, 0.5, nothing_known=0.1, no_profile=0.1),
        *starts("reads", "1 click", 0.3, 1, nothing_known=0.2),
    ]
    head, _, *lines = render_starts([asdict(each) for each in rows]).splitlines()
    assert head == (
        "| known | model | n | recall@20 | recall@20 over nothing known "
        "| recall@20 over no profile | answered |"
    )
    assert [line.split(" | ")[:2] for line in lines] == [
        ["| nothing known", "popular"],
        ["| profile alone", "reads"],
        ["| 1 click", "reads"],
        ["| 1 click", "popular"],
    ]
    assert (
        "| 9 | 0.2000 | +0.1000 [+0.0000, +0.2000] | +0.1000 [+0.0000, +0.2000] | 50% |" in lines[1]
    )


def test_table_is_ordered_by_the_first_metric() -> None:
    rows = [
        row("weak", 0.1, low=0.05, high=0.15, seconds=1.0, peak_mb=1234.4),
        row("strong", 0.2, reference=0.19),
        row("strong", 0.3, metric="ndcg@20"),
    ]
    lines = render([each.__dict__ for each in rows]).splitlines()
    assert lines[0] == "| model | protocol | recall@20 | ndcg@20 | fit s | peak MB | reference |"
    assert lines[2] == "| strong | discover, t | 0.2000 | 0.3000 | – | – | recall@20 0.19 |"
    assert lines[3] == "| weak | discover, t | 0.1000 [0.0500, 0.1500] | – | 1.0 | 1,234 | – |"


def test_paired_differences_have_a_sign_and_follow_the_metrics() -> None:
    gain = row("strong", 0.05, metric="recall@20 over next", low=-0.01, high=0.11)
    lines = render([each.__dict__ for each in (row("strong", 0.2), gain)], ["recall@20"])
    head, _, first = lines.splitlines()
    assert head == "| model | protocol | recall@20 | recall@20 over next | fit s | peak MB |"
    assert first == "| strong | discover, t | 0.2000 | +0.0500 [-0.0100, +0.1100] | – | – |"


def test_paired_differences_over_a_named_run_come_behind_the_usual_ones() -> None:
    gains = [row("full", 0.1, metric=f"recall@20 over {name}") for name in ("ease", "popularity")]
    lines = render([each.__dict__ for each in (row("full", 0.2), *gains)], ["recall@20"])
    assert lines.startswith(
        "| model | protocol | recall@20 | recall@20 over popularity | recall@20"
    )
    assert lines.splitlines()[2].count("+0.1000") == 2


def test_lines_of_different_customers_tell_how_many_they_are() -> None:
    rows = [
        asdict(Row("d", "1 click", "ease", "recall@20", 0.1, n=1_028)),
        asdict(Row("d", "new items", "ease", "recall@20", 0.2, n=8)),
        asdict(Row("d", "new items", "ease", "answered", 1.0)),
        asdict(Row("d", "unsaid", "ease", "recall@20", 0.3)),
    ]
    head, _, *lines = render(rows, ["recall@20", "answered"]).splitlines()
    assert head.split(" | ")[1:4] == ["protocol", "n", "recall@20"]
    assert [line.split(" | ")[2] for line in lines] == ["1,028", "8", "–"]
    same = [row | {"n": 8} for row in rows]
    assert "| n |" not in render(same, ["recall@20", "answered"])


def test_means_over_cutoffs_stand_for_the_cutoffs() -> None:
    means = [replace(row(name, 0.2), protocol="discover, t × 2") for name in ("als", "ease")]
    rows = [each.__dict__ for each in (*means, row("als", 0.1), row("ease", 0.3))]
    assert render(rows).count("| discover, t") == 2
    assert "× 2" in render(rows)
    assert render(rows, cutoffs=True).count("| discover, t") == 4


def test_errors_rise_and_models_without_any_are_left_out() -> None:
    rows = [
        row("far", 1.2, metric="rmse"),
        row("near", 0.9, metric="rmse", sd=0.01),
        row("near", 0.7, metric="mae", low=0.6, high=0.8),
        row("popular", 0.1),
    ]
    lines = render([each.__dict__ for each in rows], ["rmse", "mae"]).splitlines()
    assert lines[0] == "| model | protocol | rmse | mae | fit s | peak MB |"
    assert lines[2:] == [
        "| near | discover, t | 0.9000 ± 0.0100 | 0.7000 [0.6000, 0.8000] | – | – |",
        "| far | discover, t | 1.2000 | – | – | – |",
    ]


def test_a_comparison_leaves_its_paired_differences_as_rows(bench: Bench) -> None:
    results = [run(bench.plan(f"model={name}", name=name)) for name in ("popular", "item_knn")]
    compared = comparison(results)
    rows = {(each.model, each.metric): each for each in gain_rows(compared, results)}
    weaker = compared["model"].iloc[-1]
    metric = results[0].plan.metric
    assert (weaker, f"{metric} over next") not in rows
    over = rows["item_knn", f"{metric} over popularity"]
    assert over.value == pytest.approx(results[1].value - results[0].value)
    assert over.low <= over.value <= over.high


def test_pages_are_rewritten_between_marks(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(
        "before\n<!-- results:shop recall@20 -->\nold\n<!-- /results -->\nafter\n"
        "<!-- results:missing -->\nkept\n<!-- /results -->\n"
    )
    write_rows(tmp_path / "data" / "reports" / "shop.json", [row("als", 0.125)])
    assert main(tmp_path) == 1
    text = page.read_text()
    assert "| als | discover, t | 0.1250 | – | – |" in text
    assert "old" not in text
    assert "kept" in text
    assert text.startswith("before\n<!-- results:shop recall@20 -->\n")
    assert update(page, tmp_path / "data" / "reports") == ["missing"]
    assert page.read_text() == text


def test_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "PAGES", ("page.md",))
    (tmp_path / "page.md").write_text("nothing marked")
    assert main(tmp_path) == 0


def test_figures_stand_beside_their_reference(tmp_path: Path) -> None:
    reports, page = tmp_path / "reports", tmp_path / "page.md"
    fast = Row("1,000 rows", "plain SQL", "bench_b", "seconds", 0.5, reference=0.25, ratio=2.0)
    write_rows(
        reports / "speed.json", [fast, Row("all", "", "bench_a", "rows_per_second", 333056.4)]
    )
    page.write_text("<!-- results:speed figures -->\nold\n<!-- /results -->\n", encoding="utf-8")
    assert update(page, reports) == []
    lines = page.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "| command | measured on | metric | value | against | reference | ratio |"
    first = "`python tests/benchmarks/bench_a.py` | all | rows_per_second | 333,056 | – | – | –"
    second = (
        "`python tests/benchmarks/bench_b.py` | 1,000 rows | seconds | 0.5 | plain SQL | 0.25 | 2"
    )
    assert lines[3:5] == [f"| {first} |", f"| {second} |"]


def test_growth_has_a_column_a_size(tmp_path: Path) -> None:
    rows = [
        Row("simulated", at, model, metric, value)
        for metric in ("fit_mb", "fit_seconds")
        for model, values in (("ease", (1.0, 8.0, 1.5)), ("als", (2.0, 8.0, 1.0)))
        for at, value in zip(("1x", "4x", "slope"), values, strict=True)
    ]
    write_rows(tmp_path / "growth.json", rows)
    page = tmp_path / "page.md"
    page.write_text("<!-- results:growth growth -->\n<!-- /results -->", encoding="utf-8")
    assert update(page, tmp_path) == []
    lines = page.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "| model | metric | 1x | 4x | slope |"
    assert lines[3] == "| ease | fit_seconds | 1 | 8 | 1.5 |"
    assert lines[6] == "| als | fit_mb | 2 | 8 | 1 |"


def test_deletion_tests_have_a_line_a_reason(tmp_path: Path) -> None:
    over = "comprehensiveness over chance"
    rows = [
        row("ease, terms", 1.25, over, low=1.0, high=1.5),
        row("ease, terms", 0.9, "named first"),
        row("ease, shuffled", -0.0125, over),
        row("ease, terms", 3.0, "comprehensiveness"),
    ]
    write_rows(tmp_path / "faithfulness.json", rows)
    page = tmp_path / "page.md"
    page.write_text("<!-- results:faithfulness deletions -->\n<!-- /results -->", encoding="utf-8")
    assert update(page, tmp_path) == []
    table = page.read_text(encoding="utf-8").splitlines()[1:-1]
    assert table[0] == f"| model, reasons | {over} | sufficiency over chance | named first |"
    assert table[2:] == [
        "| ease, terms | 1.250 [1.000, 1.500] | – | 0.900 |",
        "| ease, shuffled | -0.013 | – | – |",
    ]


def test_figures_of_texts_stand_beside_their_floors(tmp_path: Path) -> None:
    def row(model: str, value: float, **more: float) -> Row:
        return Row("waimai", "80/20", model, "accuracy", value, **more)  # type: ignore[arg-type]

    rows = [
        row("majority", 0.666),
        row("fused", 0.906, low=0.89, high=0.92, n=2398, reference=0.904),
        row("trained", 0.901, reference=0.904),
    ]
    write_rows(tmp_path / "reports" / "text_benchmark.json", rows)
    page = tmp_path / "page.md"
    for kind, lines in (("texts", 3), ("floors", 1)):
        page.write_text(f"<!-- results:text_benchmark {kind} -->\n<!-- /results -->", "utf-8")
        assert update(page, tmp_path / "reports") == []
        text = page.read_text("utf-8")
        assert text.count("| waimai |") == lines
        line = "| waimai | 80/20 | fused | accuracy | 0.906 [0.890, 0.920] | 2,398 | 0.904 |"
        assert line in text


def test_satisfaction_has_a_table_of_its_own(tmp_path: Path) -> None:
    rows = [
        Row("USS SGD", "turns", "facts", metric, value, low=0.1, high=0.6, n=1200)
        for metric, value in (("spearman", 0.4), ("low_f1", 0.5))
    ]
    write_rows(tmp_path / "text_benchmark.json", [*rows, Row("waimai", "80/20", "a", "f1", 0.9)])
    page = tmp_path / "page.md"
    marks = (f"<!-- results:text_benchmark {kind} -->\n<!-- /results -->" for kind in KINDS)
    page.write_text("\n".join(marks), "utf-8")
    assert update(page, tmp_path) == []
    text = page.read_text("utf-8")
    assert text.count("| waimai |") == text.count("| USS SGD |") == 1
    line = "| USS SGD | turns | facts | 1,200 | 0.400 [0.100, 0.600] | 0.500 [0.100, 0.600] |"
    assert line in text


KINDS = ("texts", "satisfaction")


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(orjson.dumps([{"model": "als"}]))
    with pytest.raises(ValueError, match="expected a list of rows"):
        read_rows(path)
