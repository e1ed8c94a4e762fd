"""Text analysis of a whole workspace, over the real store."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import ValidationError

from features.text.pipeline.collect import ROWS, collect, known_before
from features.text.pipeline.corpus import Corpus
from features.text.pipeline.run import RESULT, TextSettings, analyze_texts
from features.text.sentiment.data import seeds
from ingest.store import Store
from ingest.workspace import Workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
SETTINGS = TextSettings(
    topics=3, topic_iterations=20, min_rated=30, min_pole=5, workers=1, batch=64, progress=False
)
PRAISE = ["味道很好", "质量不错", "great sound", "lovely guitar"]
BLAME = ["味道很差", "质量糟糕", "awful sound", "broken guitar"]


def reviews(count: int, seed: int = 0) -> list[tuple[str, float | None]]:
    generator = random.Random(seed)
    rows: list[tuple[str, float | None]] = []
    for number in range(count):
        good = generator.random() < 0.5
        text = f"{generator.choice(PRAISE if good else BLAME)} {seed}-{number} 快递 guitar"
        rows.append((text, generator.choice([4.0, 5.0] if good else [1.0, 2.0])))
    return rows


def report(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((workspace.features / "text/report.json").read_bytes())
    return found


def test_every_text_gets_a_row_with_everything_known_about_it(
    store: Store, workspace: Workspace, add_reviews: Any, add_message: Any
) -> None:
    add_reviews(store, [("太慢了!!", None)], title="快递")
    add_message(store, "m1", "请问什么时候发货")
    table = analyze_texts(store, workspace, SETTINGS)
    assert table.schema.equals(RESULT)
    rows = {row["text_id"]: row for row in table.to_pylist()}
    assert set(rows) == {"f0", "m1"}
    assert rows["f0"]["text"] == "快递\n太慢了!!"
    assert (rows["f0"]["kind"], rows["f0"]["item_id"]) == ("feedback", "i0")
    assert (rows["m1"]["kind"], rows["m1"]["item_id"]) == ("message", None)
    assert rows["f0"]["sentiment"] == "negative"
    assert rows["f0"]["language"] == "zh"
    assert rows["f0"]["keywords"] == ["快递", "太慢"]
    assert rows["f0"]["topic"] == -1
    assert rows["f0"]["topics"] == [0, 0, 0]
    assert rows["f0"]["occurred_at"] == START
    assert np.linalg.norm(rows["f0"]["embedding"]) == pytest.approx(1, abs=1e-3)
    assert pq.read_table(workspace.features / "text" / "texts.parquet").equals(table)


def test_only_spoken_words_of_customers_are_read(store: Store, add_message: Any) -> None:
    add_message(store, "said", "hello")
    add_message(store, "agent", "hello", sender_role="agent")
    add_message(store, "taken_back", "hello", recalled=True)
    add_message(store, "picture", "hello", kind="image")
    add_message(store, "blank", " \n ")
    add_message(store, "missing", None)
    assert collect(store)["text_id"].to_pylist() == ["said"]


def test_an_empty_store_gives_an_empty_table(store: Store, workspace: Workspace) -> None:
    table = analyze_texts(store, workspace, SETTINGS)
    assert table.num_rows == 0
    assert table.schema.equals(RESULT)
    assert orjson.loads((workspace.features / "text/topics.json").read_bytes()) == []
    assert report(workspace)["texts"] == 0


def test_a_second_run_analyzes_only_what_is_new(
    store: Store, workspace: Workspace, add_reviews: Any
) -> None:
    add_reviews(store, reviews(80))
    first = analyze_texts(store, workspace, SETTINGS)
    assert set(report(workspace)["analyzed"].values()) == {80, 80 + len(seeds())}
    again = analyze_texts(store, workspace, SETTINGS)
    assert set(report(workspace)["analyzed"].values()) == {0}
    assert report(workspace)["fitted"]["reused"]
    assert again.equals(first)
    add_reviews(store, reviews(7, seed=1), first=80)
    grown = analyze_texts(store, workspace, SETTINGS)
    assert set(report(workspace)["analyzed"].values()) == {7}
    assert grown.slice(0, 80).equals(first)
    assert grown.num_rows == 87


def test_the_tier_and_its_quality_are_reported(
    store: Store, workspace: Workspace, add_reviews: Any, caplog: pytest.LogCaptureFixture
) -> None:
    add_reviews(store, reviews(120))
    with caplog.at_level("INFO"):
        analyze_texts(store, workspace, SETTINGS)
    rows = {row["language"]: row for row in report(workspace)["fitted"]["sentiment"]}
    assert {rows["zh"]["tier"], rows["en"]["tier"]} == {"fused"}
    assert rows["other"]["tier"] == "few-shot"
    assert rows["zh"]["accuracy"] > 0.9
    assert "sentiment of zh: fused tier, macro-F1" in caplog.text
    topics = orjson.loads((workspace.features / "text/topics.json").read_bytes())
    assert [row["topic"] for row in topics] == [0, 1, 2]
    assert all(row["words"] and 0 <= row["share"] <= 1 for row in topics)


def test_later_texts_change_nothing_that_is_fitted(tmp_path: Path, add_reviews: Any) -> None:
    until = START + timedelta(days=70)
    settings = SETTINGS.model_copy(update={"fit_until": until})
    past, found, fitted = reviews(70), [], []
    for name, future in (
        ("without", []),
        ("with", [(f"{t} 未来", 1.0) for t, _ in reviews(40, 2)]),
    ):
        workspace = Workspace(tmp_path / name)
        store = Store(workspace.store)
        add_reviews(store, [*past, *future])
        found.append(
            analyze_texts(store, workspace, settings).slice(0, 70).drop_columns("embedding")
        )
        files = sorted((workspace.features / "text" / "fitted").glob("*/*/*.npz"))
        assert len(files) == 3
        fitted.append({file.parent.parent.name: np.load(file) for file in files})
    assert found[0].equals(found[1])
    for name, arrays in fitted[0].items():
        for key in arrays.files:
            np.testing.assert_array_equal(arrays[key], fitted[1][name][key])


TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2021, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis wants bounds without a zone)
LINES = st.tuples(st.text(min_size=1), st.one_of(st.none(), st.floats(1, 5)), TIMES)


@given(st.lists(LINES), TIMES)
def test_the_corpus_is_blind_to_the_future(lines: list[Any], until: datetime) -> None:
    def rows(some: list[Any]) -> pa.Table:
        texts, ratings, times = ([line[place] for line in some] for place in range(3))
        encoded = [text.encode("utf-8", "replace").decode() for text in texts]
        table = pa.table({"text": encoded, "rating": ratings, "available_at": times})
        return table.cast(pa.schema([ROWS.field(name) for name in table.column_names]))

    def corpus(*tables: pa.Table) -> Corpus:
        return Corpus.of(tables, texts=4, rated=2)

    everything = corpus(known_before(rows(lines), until))
    past = corpus(rows([line for line in lines if line[2] < until]))
    assert everything.texts == past.texts
    np.testing.assert_array_equal(everything.keys, past.keys)
    apart = corpus(*(known_before(rows([line]), until) for line in lines[::-1]))
    assert (apart.texts, apart.rated) == (past.texts, past.rated)
    np.testing.assert_array_equal(apart.keys, past.keys)


def test_much_new_text_refits_and_so_does_erasing(
    store: Store, workspace: Workspace, add_reviews: Any
) -> None:
    add_reviews(store, reviews(40), customer_id="keep")
    analyze_texts(store, workspace, SETTINGS)
    add_reviews(store, reviews(5, seed=1), first=40, customer_id="gone")
    analyze_texts(store, workspace, SETTINGS)
    assert report(workspace)["fitted"]["reused"]
    add_reviews(store, reviews(30, seed=2), first=45, customer_id="gone")
    analyze_texts(store, workspace, SETTINGS)
    assert not report(workspace)["fitted"]["reused"]
    assert report(workspace)["fitted"]["texts"] == 75
    store.delete("feedback", "gone")
    table = analyze_texts(store, workspace, SETTINGS)
    assert table.num_rows == 40
    assert not report(workspace)["fitted"]["reused"]
    assert report(workspace)["forgotten"] > 35


def test_erasing_forgets_what_was_fitted_for_any_time(
    store: Store, workspace: Workspace, add_reviews: Any
) -> None:
    add_reviews(store, reviews(10), customer_id="keep")
    add_reviews(store, reviews(10, seed=1), first=10, customer_id="gone")
    fitted = workspace.features / "text" / "fitted"
    for day in (5, 15):
        until = {"fit_until": START + timedelta(days=day)}
        analyze_texts(store, workspace, SETTINGS.model_copy(update=until))
    assert len(list(fitted.glob("*/*"))) == 2 * 3
    store.delete("feedback", "gone")
    analyze_texts(store, workspace, SETTINGS)
    kept = [orjson.loads((slot / "meta.json").read_bytes()) for slot in fitted.glob("*/*")]
    assert sorted(meta["texts"] for meta in kept) == [5, 5, 5, 10, 10, 10]


def test_drafts_of_killed_runs_do_no_harm(
    store: Store, workspace: Workspace, add_reviews: Any
) -> None:
    folder = workspace.features / "text"
    (folder / "fitted" / "topics" / ".draft-old").mkdir(parents=True)
    (folder / "texts.draft").write_bytes(b"half")
    add_reviews(store, reviews(10))
    assert analyze_texts(store, workspace, SETTINGS).num_rows == 10
    assert not list(folder.glob("**/*draft*"))


def test_the_same_words_are_analyzed_once(
    store: Store, workspace: Workspace, add_reviews: Any
) -> None:
    add_reviews(store, [("好评", 5.0), ("好评", 5.0), ("好评", None)])
    table = analyze_texts(store, workspace, SETTINGS)
    assert table.num_rows == 3
    assert report(workspace)["analyzed"]["sentiment"] == 1


def test_the_configuration_names_every_setting_with_its_default() -> None:
    path = Path(__file__).parents[4] / "conf" / "text" / "default.yaml"
    config = OmegaConf.load(path)
    assert instantiate(config) == TextSettings()
    assert set(config) - {"_target_"} == set(TextSettings.model_fields)


@pytest.mark.parametrize(
    "wrong", [{"topics": 1}, {"topics": "many"}, {"topic": 3}, {"fit_until": "soon"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TextSettings(**wrong)


def test_a_time_without_zone_is_utc() -> None:
    assert TextSettings(fit_until="2024-01-01").fit_until == START  # type: ignore[arg-type]
    assert TextSettings(fit_until="2024-01-01T08:00:00+08:00").fit_until == START  # type: ignore[arg-type]


def test_what_texts_name_and_where_they_belong_is_kept_beside_them(
    store: Store, workspace: Workspace, add_message: Any
) -> None:
    add_message(store, "m1", "我要退款199元,电话13800138000")
    chosen = SETTINGS.model_copy(update={"taxonomies": ("service_intents",)})
    analyze_texts(store, workspace, chosen)
    folder = workspace.features / "text"
    named = pq.read_table(folder / "entities.parquet").to_pylist()
    assert {row["kind"]: row["text"] for row in named} == {
        "money": "199元",
        "phone": "138****8000",
    }
    (label,) = pq.read_table(folder / "labels.parquet").to_pylist()
    assert (label["text_id"], label["label"]) == ("m1", "refund_request")
    first = report(workspace)["analyzed"]
    assert (first["pii"], first["entities"]) == (1, 1)
    analyze_texts(store, workspace, chosen)
    again = report(workspace)
    assert set(again["analyzed"].values()) == {0}
    assert again["forgotten"] == 0


def test_without_vectors_mood_and_category_come_from_students(
    store: Store, workspace: Workspace, add_reviews: Any, add_message: Any
) -> None:
    add_reviews(store, reviews(120))
    add_message(store, "m1", "我要退货,尺码小了")
    add_message(store, "m2", "the delivery was awful")
    chosen = {"analyzers": ("language", "sentiment"), "taxonomies": ("service_categories",)}
    settings = SETTINGS.model_copy(update=chosen)
    rows = {row["text_id"]: row for row in analyze_texts(store, workspace, settings).to_pylist()}
    assert {row["embedding"] for row in rows.values()} == {None}
    assert rows["m2"]["sentiment"] == "negative"
    told = report(workspace)
    assert set(told["analyzed"]) == {"language", "sentiment", "labels_service_categories"}
    tiers = {row["language"]: row["tier"] for row in told["fitted"]["sentiment"]}
    assert tiers == {"zh": "trained", "en": "trained", "other": "distilled"}
    folder = workspace.features / "text"
    labels = {row["text_id"]: row for row in pq.read_table(folder / "labels.parquet").to_pylist()}
    assert labels["m1"]["label"] == "after_sales"
    quality = orjson.loads((folder / "labels.json").read_bytes())["service_categories"]
    assert quality["tier"] == "distilled"
    assert quality["texts"] > 120
    again = analyze_texts(store, workspace, settings)
    assert again.num_rows == len(rows)
    assert report(workspace)["fitted"]["reused"]


def test_what_a_text_quotes_is_not_its_mood(
    store: Store, workspace: Workspace, add_message: Any
) -> None:
    add_message(store, "m1", "> 质量太差了,垃圾,再也不买\n已经解决了,非常满意,谢谢")
    chosen = SETTINGS.model_copy(update={"analyzers": ("sentiment", "embedding", "pii", "clean")})
    (row,) = analyze_texts(store, workspace, chosen).to_pylist()
    assert row["sentiment"] == "positive"
    assert row["text"].startswith("> 质量太差了")
    (clean,) = pq.read_table(workspace.features / "text" / "clean.parquet").to_pylist()
    assert clean["text"] == "已经解决了,非常满意,谢谢"
    analyze_texts(store, workspace, chosen)
    assert set(report(workspace)["analyzed"].values()) == {0}


def test_a_turn_that_refers_to_another_is_sorted_with_it(
    store: Store, workspace: Workspace, add_message: Any
) -> None:
    add_message(store, "m1", "我要退货,怎么操作")
    add_message(store, "m2", "好的,请稍等", sender_role="agent")
    later = {"occurred_at": START + timedelta(minutes=1)}
    add_message(store, "m3", "那个呢", **later)
    add_message(store, "m4", "那个呢", conversation_id="other", **later)
    chosen = {"analyzers": ("language", "embedding"), "taxonomies": ("service_categories",)}
    analyze_texts(store, workspace, SETTINGS.model_copy(update=chosen))
    folder = workspace.features / "text"
    labels = {row["text_id"]: row for row in pq.read_table(folder / "labels.parquet").to_pylist()}
    assert labels["m1"]["label"] == labels["m3"]["label"] == "after_sales"
    assert labels["m4"]["label"] != labels["m3"]["label"]
    assert report(workspace)["analyzed"]["language"] == 2
