"""A text that was analyzed once is never analyzed again, whatever happens in between."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.base import Analyzer, content_hash, fingerprint
from features.text.cache import Cached, open_cache, prune
from features.text.codec import FLOATS, STRINGS, decode_column, encode_column, float_column


class Lengths:
    """Says how long texts are, and remembers what it was asked."""

    name = "lengths"
    schema = pa.schema([("length", pa.int16()), ("twice", FLOATS), ("parts", STRINGS)])

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.asked: list[str] = []

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        self.asked += texts
        columns = {
            "length": [len(text) for text in texts],
            "twice": [[float(len(text))] * 2 for text in texts],
            "parts": [text.split() for text in texts],
        }
        return pa.table(columns, schema=self.schema)


class Broken(Lengths):
    def analyze(self, texts: Sequence[str]) -> pa.Table:
        raise RuntimeError("no")


def test_only_new_texts_are_analyzed_and_the_order_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    with open_cache(path) as connection:
        cached = Cached(Lengths(), connection)
        first = cached.analyze(["a b", "快递", "a b"])
        assert first["length"].to_pylist() == [3, 2, 3]
        assert cached.analyzed == 2
    with open_cache(path) as connection:
        inner = Lengths()
        again = Cached(inner, connection)
        assert again.missing(["a b", "new", "new"]) == ["new"]
        table = again.analyze(["new", "快递", "a b"])
        assert inner.asked == ["new"]
        assert again.analyzed == 1
    assert table.schema == Lengths.schema
    assert table.to_pylist() == Lengths().analyze(["new", "快递", "a b"]).to_pylist()


def test_a_cached_analyzer_is_an_analyzer(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite") as connection:
        cached = Cached(Lengths("7"), connection)
        assert isinstance(cached, Analyzer)
        assert (cached.name, cached.version) == ("lengths", "7")
        assert cached.analyze([]).schema == Lengths.schema


def test_another_version_answers_for_itself(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite") as connection:
        Cached(Lengths("1"), connection).analyze(["a"])
        newer = Cached(Lengths("2"), connection)
        newer.analyze(["a"])
        assert newer.analyzed == 1


def test_many_texts_need_several_queries(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(1203)]
    with open_cache(tmp_path / "c.sqlite") as connection:
        Cached(Lengths(), connection).analyze(texts)
        again = Cached(Lengths(), connection)
        table = again.analyze(texts[::-1])
        assert again.analyzed == 0
        assert again.missing(texts) == []
    assert table["length"].to_pylist() == [len(text) for text in texts[::-1]]


def test_a_failing_analyzer_leaves_the_cache_as_it_was(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite") as connection:
        Cached(Lengths(), connection).analyze(["a"])
        with pytest.raises(RuntimeError):
            Cached(Broken(), connection).analyze(["a", "b"])
        assert Cached(Lengths(), connection).missing(["a", "b"]) == ["b"]


def test_a_half_written_batch_is_undone(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite") as connection:
        cached = Cached(Lengths(), connection)
        rows = Lengths().analyze(["a"])
        with pytest.raises(ValueError, match="zip"):
            cached.write([content_hash("a"), content_hash("b")], rows)
        assert cached.missing(["a", "b"]) == ["a", "b"]


def test_erased_texts_are_forgotten(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite") as connection:
        cached = Cached(Lengths(), connection)
        cached.analyze(["a", "b", "c"])
        assert prune(connection, [content_hash("b")]) == 2
        assert prune(connection, [content_hash("b")]) == 0
        assert cached.missing(["a", "b", "c"]) == ["a", "c"]


def test_a_cache_of_another_layout_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with open_cache(path) as connection:
        Cached(Lengths(), connection).analyze(["a"])
        connection.execute("PRAGMA user_version = 1")
    with open_cache(path) as connection:
        assert Cached(Lengths(), connection).missing(["a"]) == ["a"]


def test_a_file_that_is_not_a_cache_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"not a database, certainly not" * 100)
    expected = r"c\.sqlite.*expected an SQLite database.*delete it"
    with pytest.raises(ValueError, match=expected), open_cache(path):
        pass


KILLED = """
    import os, sys
    from pathlib import Path
    import pyarrow as pa
    from features.text.cache import Cached, open_cache
    from features.text.language import LanguageAnalyzer

    class Dying(LanguageAnalyzer):
        def analyze(self, texts):
            if "last" in texts:
                os.kill(os.getpid(), 9)
            return super().analyze(texts)

    with open_cache(Path(sys.argv[1])) as connection:
        cached = Cached(Dying(), connection)
        cached.analyze(["one", "two"])
        cached.analyze(["three", "last"])
"""


def test_whole_batches_survive_a_killed_process(tmp_path: Path) -> None:
    from features.text.language import LanguageAnalyzer

    path = tmp_path / "c.sqlite"
    root = Path(__file__).parents[3]
    script = textwrap.dedent(KILLED)
    ended = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False)
    assert ended.returncode == -9
    with open_cache(path) as connection:
        cached = Cached(LanguageAnalyzer(), connection)
        assert cached.missing(["one", "two", "three", "last"]) == ["three", "last"]


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), max_size=4), max_size=5))
def test_float_lists_come_back(rows: list[list[float]]) -> None:
    column = pa.chunked_array([pa.array(rows, FLOATS), pa.array(rows[:1], FLOATS)])
    assert decode_column(encode_column(column), FLOATS).to_pylist() == column.to_pylist()


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), max_size=5))
def test_string_lists_come_back(rows: list[list[str]]) -> None:
    column = pa.chunked_array([pa.array(rows, STRINGS)])
    assert decode_column(encode_column(column), STRINGS).to_pylist() == rows


def test_a_matrix_becomes_a_column_of_lists() -> None:
    assert float_column(np.eye(2, dtype=np.float32)).to_pylist() == [[1, 0], [0, 1]]
    assert float_column(np.zeros((2, 0), dtype=np.float32)).to_pylist() == [[], []]
    assert float_column(np.zeros((0, 3), dtype=np.float32)).to_pylist() == []


@given(st.text(), st.text())
def test_hashes_tell_texts_apart(one: str, other: str) -> None:
    assert (content_hash(one) == content_hash(other)) == (one == other)


def test_fingerprints_do_not_run_parts_together() -> None:
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
    assert fingerprint(b"a", 1) == fingerprint(b"a", 1)
