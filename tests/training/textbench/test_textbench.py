"""The text benchmark: readers, figures, measurements and the run as a whole, on texts of ours."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from rich.console import Console

from features.text.codec import FLOATS, float_column
from tests.training.conftest import CONF
from training import verb
from training.plan import PlanError
from training.textbench import banking, few_labels, outside, shop, waimai
from training.textbench import encode as encoding
from training.textbench.corpora import app_reviews as read_apps
from training.textbench.corpora import banking as read_banking
from training.textbench.corpora import shop as read_shop
from training.textbench.corpora import split
from training.textbench.corpora import waimai as read_waimai
from training.textbench.encode import encoder
from training.textbench.figures import accuracy_rows, share_interval
from training.textbench.learned import over_draws
from training.textbench.row import Row
from training.textbench.table import show
from training.textbench.verb import Settings, metric_name

GOOD, BAD = ("好喝", "真香", "赞"), ("难喝", "太咸", "冷了")


class Letters:
    """A small encoder: how often a text has letters of each of 32 kinds."""

    schema = pa.schema([("letters", FLOATS)])
    name, version = "letters", "1"

    def __init__(self) -> None:
        self.asked = 0

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        self.asked += len(texts)
        found = np.full((len(texts), 32), 0.01, dtype=np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                found[row, ord(letter) % 32] += 1
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return pa.table({"letters": float_column(found)}, schema=self.schema)


def reviews(count: int) -> list[tuple[str, str]]:
    generator = random.Random(1)
    rows = []
    for number in range(count):
        label = generator.choice("01")
        rows.append((label, f"第{number}次点,{generator.choice(GOOD if label == '1' else BAD)}"))
    return rows


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small files of the public formats, and small encoders."""
    monkeypatch.setattr(encoding, "_ENCODERS", {"use": Letters, "e5": Letters, "minilm": Letters})
    root = tmp_path / "public"
    for name in ("waimai-10k", "online-shopping-10-cats", "banking77", "app-reviews"):
        (root / name).mkdir(parents=True)
    known = reviews(800)
    twice = table(["label", "review"], [*known, known[0], ("1", " ")])
    with gzip.open(root / "waimai-10k/waimai_10k.csv.gz", "wt", encoding="utf-8") as file:
        file.write(twice)
    with zipfile.ZipFile(root / "online-shopping-10-cats/online_shopping_10_cats.zip", "w") as file:
        rows = [("水果" if n % 2 else "酒店", label, text + "果店"[n % 2]) for n, (label, text)
                in enumerate(known)]  # fmt: skip
        content = "\ufeff" + table(["cat", "label", "review"], rows)
        file.writestr("online_shopping_10_cats.csv", content)
    intents = [(f"{word} question {number}", word) for word in "abcdefghijklmnopqrstuvwxyz"
               for number in range(12)]  # fmt: skip
    for part in ("train", "test"):
        (root / f"banking77/{part}.csv").write_text(table(["text", "category"], intents), "utf-8")
    apps = [(str(n), f"it {'crashes' if n % 3 else 'is fine'} {n}", "bug" if n % 3 else "rating")
            for n in range(90)]  # fmt: skip
    (root / "app-reviews/app_reviews.csv").write_text(table(["id", "review", "class"], apps))
    return root


def test_readers_give_each_text_once(data: Path) -> None:
    rows = read_waimai(data)
    assert len(rows) == 800
    assert rows.classes == ("negative", "positive")
    assert set(read_shop(data)["category"].classes) == {"水果", "酒店"}
    assert len(read_banking(data).test) == 26 * 12
    assert read_apps(data).counts == {"bug": 60, "rating": 30}
    parts = split(rows)
    assert (len(parts.train), len(parts.test)) == (640, 160)
    assert not set(parts.train.texts) & set(parts.test.texts)
    with pytest.raises(FileNotFoundError, match=r"waimai_10k\.csv\.gz.*HUAXIANG_DATA"):
        read_waimai(data / "nowhere")


def test_vectors_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = Letters()
    monkeypatch.setattr(encoding, "_ENCODERS", {"use": lambda: letters})
    vectors = encoder(tmp_path, "use", "use")
    assert vectors(["a", "b", "a"]).shape == (3, 64)
    assert letters.asked == 2
    encoder(tmp_path, "use")(["b", "c"])
    assert letters.asked == 3


def test_figures_are_those_counted_by_hand() -> None:
    true, said = ["x"] * 50 + ["y"] * 50, ["x"] * 50 + ["y"] * 25 + ["x"] * 25
    accuracy, macro_f1 = accuracy_rows(
        true, said, dataset="d", protocol="p", model="m", references={"accuracy": 0.5}
    )
    assert (accuracy.value, accuracy.n, accuracy.ratio) == (0.75, 100, 1.5)
    assert macro_f1.value == pytest.approx((100 / 125 + 50 / 75) / 2)
    assert macro_f1.reference is None
    for row in (accuracy, macro_f1):
        assert row.low is not None
        assert row.high is not None
        assert row.value - 0.12 < row.low < row.value < row.high < row.value + 0.12
    low, high = share_interval(np.arange(100) < 40)
    assert 0.28 < low < 0.4 < high < 0.52


def test_the_interval_of_draws_is_that_of_their_mean() -> None:
    row = over_draws([0.8, 0.9], dataset="d", protocol="p", model="m", metric="f", n=5)
    assert row.value == pytest.approx(0.85)
    assert row.low == pytest.approx(0.85 - 1.96 * 0.05)
    assert row.protocol == "p, mean of 2 draws"


def test_rows_say_what_they_are_about() -> None:
    with pytest.raises(ValueError, match="model is empty"):
        Row("d", "p", "", "m", 0.5)
    with pytest.raises(ValueError, match="expected low <= high"):
        Row("d", "p", "m", "f", 0.5, low=0.6, high=0.4)
    assert metric_name(Row("d", "a, b", "m + n", "recall@1", 0.5)) == "d/recall_at_1/m  n/a b"


@pytest.mark.slow
def test_classifiers_learn_what_is_there_to_learn(data: Path, tmp_path: Path) -> None:
    rows = [*waimai.measure(data, tmp_path), *shop.measure(data, tmp_path)]
    best = {(row.dataset, row.protocol.split(",")[0], row.model): row.value for row in rows
            if row.metric == "accuracy"}  # fmt: skip
    assert best["waimai-10k", "distinct texts", "fused use + e5"] > 0.97
    assert best["online-shopping-10-cats", "category", "trained"] > 0.97
    assert len(rows) == 6 + 2 * (4 + 2)


@pytest.mark.slow
def test_few_labels_are_drawn_anew(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_labels, "SEEDS", 2)
    rows = list(few_labels.measure(data, tmp_path))
    assert len(rows) == 2 * 3 * 4
    by_count = [row.value for row in rows if row.model == "trained" and row.dataset == "waimai-10k"]
    assert by_count[0] <= by_count[2]
    assert by_count[2] > 0.95


@pytest.mark.slow
def test_intents_and_outsiders(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banking, "SEEDS", 2)
    rows = {(row.protocol[:3], row.model): row for row in banking.measure(data, tmp_path)
            if row.metric == "accuracy"}  # fmt: skip
    assert rows["all", "trained"].value > 0.9
    assert rows["10 ", "fused use + e5"].n == 26 * 12
    found = {row.metric: row.value for row in outside.measure(data, tmp_path)}
    assert found["insiders kept"] > 0.5
    assert len(found) == 4


def good(data: Path, cache: Path) -> Iterator[Row]:
    """Measure nothing but that it was called with the folders."""
    yield Row("d", f"{data.name} {cache.name}", "m", "accuracy", 0.9, 0.8, 0.95, 10, 1.5,
              reference=0.8)  # fmt: skip
    yield Row("d", "p", "m", "accuracy", 0.7, reference=0.8)


def bad(data: Path, cache: Path) -> Iterator[Row]:
    """Fail, as a measurement does whose data is not there."""
    yield from ()
    raise FileNotFoundError(f"expected {data / cache}")


def config(tmp_path: Path, *overrides: str) -> DictConfig:
    here = "tests.training.textbench.test_textbench"
    given = [
        "experiment=text_benchmark", f"data_dir={tmp_path}", f"tracking.folder={tmp_path}/runs",
        f"textbench.data={tmp_path}/public", f"+textbench.measures.good={here}.good",
        f"+textbench.measures.bad={here}.bad", *overrides,
    ]  # fmt: skip
    with initialize_config_dir(str(CONF), version_base=None):
        return compose("training", given)


@pytest.mark.slow
def test_one_run_keeps_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb.train(config(tmp_path, "textbench.only=[good]"), "") == 0.5
    rows = orjson.loads((tmp_path / "reports" / "text_benchmark.json").read_bytes())
    assert [row["value"] for row in rows] == [0.9, 0.7]
    assert rows[0]["protocol"] == "public cache"
    assert "0.9000" in capsys.readouterr().out
    from training.tracking.store import TrackingStore

    store = TrackingStore(tmp_path / "runs")
    run = store.client().search_runs([store.experiment("public", "text_benchmark")])[0]
    assert run.data.metrics["d/accuracy/m/p"] == 0.7
    assert [f.path for f in store.client().list_artifacts(run.info.run_id)] == [
        "text_benchmark.json"
    ]


@pytest.mark.slow
def test_what_fails_is_named_and_the_others_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        verb.train(config(tmp_path, "textbench.only=[bad,good]"), "")
    assert end.value.code == 1
    assert "error: bad: expected" in capsys.readouterr().err
    assert (tmp_path / "reports" / "text_benchmark.json").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("textbench.only=[fish]", "expected some of waimai"),
        ("textbench.data=null", "expected the folder of the public data sets"),
        ("+textbench.speed=3", "Extra inputs"),
        ("textbench=null", "use experiment=text_benchmark"),
        ("textbench.measures.waimai=training.nothing.there", "measures.waimai"),
    ],
)
def test_wrong_settings_are_named(
    tmp_path: Path, override: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        verb.train(config(tmp_path, override), "")
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_every_measurement_of_the_experiment_exists(tmp_path: Path) -> None:
    settings = Settings.of(config(tmp_path))
    assert set(settings.chosen()) >= {"waimai", "shop", "banking", "app_reviews", "few_labels"}
    with pytest.raises(PlanError):
        Settings.of(config(tmp_path, "textbench.only=[fish]"))


def test_a_missed_reference_stands_out() -> None:
    console = Console(record=True, width=160, file=io.StringIO())
    rows: list[Any] = [
        Row("d", "p", "m", "accuracy", 0.7, 0.6, 0.8, 1000, 2.0, reference=0.8),
        Row("d", "q", "n", "accuracy", 0.9),
    ]
    show(rows, console)
    text = console.export_text(styles=True)
    assert "1,000" in text
    assert "0.600 – 0.800" in text
    assert "\x1b[31m" in text
