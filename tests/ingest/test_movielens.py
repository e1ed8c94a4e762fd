"""MovieLens files written by the test, and the real small set."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.load import load
from ingest.sources.base import SourceError
from ingest.sources.movielens import MovieLens
from ingest.store import Store

MOVIES = """movieId,title,genres
1,Toy Story (1995),Adventure|Animation
2,"American President, The (1995)",Drama
3,Untitled,(no genres listed)
"""
RATINGS = "userId,movieId,rating,timestamp\n1,1,2.5,1260759144\n1,2,5.0,1260759179\n2,1,4.0,0\n"
TAGS = "userId,movieId,tag,timestamp\n9,2,great dialogue,1260759200\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "ml"
    files.mkdir()
    (files / "movies.csv").write_text(MOVIES)
    with gzip.open(files / "ratings.csv.gz", "wt") as file:
        file.write(RATINGS)
    (files / "tags.csv").write_text(TAGS)
    return files


def _load(folder: Path) -> tuple[Store, Any]:
    store = Store(folder.parent / "store")
    source = MovieLens(folder=folder, name="ml")
    return store, load(source, store, folder.parent / "rejected", progress=False)


def test_ratings_movies_and_tags_find_their_tables(folder: Path) -> None:
    store, report = _load(folder)
    assert report.ok
    events = store.read("events").to_pylist()
    assert [(row["customer_id"], row["item_id"], row["value"]) for row in events] == [
        ("1", "1", 2.5),
        ("1", "2", 5.0),
        ("2", "1", 4.0),
    ]
    assert events[0]["occurred_at"] == datetime(2009, 12, 14, 2, 52, 24, tzinfo=UTC)
    assert {row["kind"] for row in events} == {"rate"}
    items = {row["item_id"]: row for row in store.read("items").to_pylist()}
    assert items["2"]["title"] == "American President, The (1995)"
    assert (items["1"]["category"], items["1"]["description"]) == (
        "Adventure",
        "Adventure, Animation",
    )
    assert json.loads(items["1"]["attributes"]) == {
        "genres": ["Adventure", "Animation"],
        "year": 1995,
    }
    assert items["3"]["category"] is None
    feedback = store.read("feedback").to_pylist()
    assert [(row["kind"], row["text"]) for row in feedback] == [("social", "great dialogue")]
    assert set(store.read("customers")["customer_id"].to_pylist()) == {"1", "2", "9"}


def test_tags_are_optional_ratings_are_not(folder: Path) -> None:
    (folder / "tags.csv").unlink()
    assert _load(folder)[0].read("feedback").num_rows == 0
    (folder / "ratings.csv.gz").unlink()
    with pytest.raises(SourceError, match=r"ratings\.csv: file not found"):
        list(MovieLens(folder=folder).batches())


def test_other_columns_are_named(folder: Path) -> None:
    (folder / "movies.csv").write_text("movie,title\n1,Toy Story\n")
    with pytest.raises(SourceError, match="movieId, genres missing"):
        list(MovieLens(folder=folder).batches())


def test_a_short_row_and_a_bad_number_are_rejected(folder: Path) -> None:
    (folder / "ratings.csv.gz").unlink()
    bad = RATINGS + "2,2\n3,1,five,1260759200\n"
    (folder / "ratings.csv").write_text(bad)
    _, report = _load(folder)
    counts = report.tables["events"]
    assert (counts.read, counts.accepted, counts.rejected) == (5, 3, 2)


def test_loading_again_adds_nothing(folder: Path) -> None:
    _load(folder)
    store, report = _load(folder)
    assert sum(counts.accepted for counts in report.tables.values()) == 0
    assert store.read("feedback").num_rows == 1


@pytest.mark.realdata
def test_the_published_counts(data_root: Path) -> None:
    counts: dict[str, int] = {}
    for batch in MovieLens(folder=data_root / "movielens-latest-small").batches():
        counts[batch.table] = counts.get(batch.table, 0) + batch.rows.num_rows
    assert counts == {"items": 9125, "customers": 671, "events": 100_004, "feedback": 1296}
