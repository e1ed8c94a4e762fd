"""RSS and Atom feeds: every entry loaded or told, once, from files and over HTTP."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest.load import load
from ingest.rejects import Rejects
from ingest.report import Counts, LoadReport
from ingest.sources.base import Resumable, SourceError
from ingest.sources.feeds.source import Feeds
from ingest.store import Store
from tests.ingest.feed_server import Page, serving

HOUSE = Path(__file__).resolve().parents[2]
GOLDEN = HOUSE / "tests" / "golden" / "ingest" / "feeds"
RSS = (GOLDEN / "posts.rss").read_bytes()


def run(root: Path, path: str | Path, **settings: Any) -> tuple[LoadReport, Store]:
    store = Store(root / "store")
    source = Feeds(path=str(path), folder=root, **settings)
    return load(source, store, root / "rejected", progress=False), store


def rows(store: Store) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.read("feedback").sort_by("occurred_at").to_pylist()
    return found


def test_an_rss_feed_as_feedback(tmp_path: Path) -> None:
    report, store = run(tmp_path, GOLDEN / "posts.rss", zone="Asia/Shanghai")
    assert report.ok
    assert report.tables["feedback"] == Counts(7, 4, 0, 3)
    told = [(r["title"], r["text"], r["occurred_at"]) for r in rows(store)]
    assert told == [
        ("The lid & the spout", "The lid drips , sadly & always.", at(2, 0)),
        (None, "壶盖一直滴水,3 < 5 分", at(3, 30)),  # a time without a zone, read in Shanghai's
        (None, "Only a title", at(12, 0)),
        (None, "Neither guid nor link", at(13, 0)),
    ]
    assert {(r["source"], r["kind"], r["customer_id"]) for r in rows(store)} == {
        ("social", "social", None)
    }
    assert [r["feedback_id"] for r in rows(store)][:3] == [
        "social:https://talk.example/teapot#post-1",
        "social:https://talk.example/teapot/2",
        "social:https://talk.example/teapot/3",
    ]
    assert orjson.loads(rows(store)[0]["attributes"]) == {
        "link": "https://talk.example/teapot/1", "feed": "Talk about Teapot & Co",
        "feed_url": "https://talk.example/teapot", "author": "Ann", "tags": ["teapots", "lids"],
    }  # fmt: skip


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


def test_what_cannot_be_dated_or_says_nothing_is_set_aside(tmp_path: Path) -> None:
    run(tmp_path, GOLDEN / "posts.rss")
    found = {row.row: row.reason for _, row in Rejects(tmp_path / "rejected").read()}
    assert found.keys() == {5, 6, 7}
    assert "occurred_at: expected a value, received nothing" in found[5]
    assert "'the day before yesterday'" in found[6]
    assert "text: expected a value, received nothing" in found[7]


def test_an_atom_feed(tmp_path: Path) -> None:
    report, store = run(tmp_path, GOLDEN / "posts.atom", name="kettles")
    assert report.tables["feedback"] == Counts(2, 2, 0, 0)
    first, second = rows(store)
    assert (first["title"], first["text"]) == ("Boils fast", "In two minutes.")
    assert first["occurred_at"] == datetime(2026, 3, 4, 8, tzinfo=UTC)  # published, not updated
    assert second["text"] == "if a<b and b>c it is not markup"
    assert second["occurred_at"] == datetime(2026, 3, 5, 7, tzinfo=UTC)
    assert first["feedback_id"] == "kettles:urn:example:kettles:1"
    assert first["source"] == "kettles"


def test_a_folder_twice_and_packed_adds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    shutil.copytree(GOLDEN, folder)
    report, _ = run(tmp_path, folder)
    assert report.tables["feedback"] == Counts(9, 6, 0, 3)
    (folder / "again.rss.gz").write_bytes(gzip.compress(RSS))
    report, _ = run(tmp_path, folder)
    assert report.tables["feedback"] == Counts(16, 0, 10, 6)


def test_broken_xml_is_told_and_what_can_be_read_is_loaded(tmp_path: Path) -> None:
    broken = tmp_path / "cut.rss"
    broken.write_bytes(RSS[: RSS.index(b"Only a title")].replace(b"lid &amp; the", b"lid & the"))
    report, store = run(tmp_path, broken)
    assert not report.ok
    assert "expected well-formed XML, received not well-formed" in report.errors[0]
    assert "in line 8" in report.errors[0]
    texts = [row["text"] for row in rows(store)]
    assert texts == ["The lid drips , sadly & always.", "壶盖一直滴水,3 < 5 分"]


def test_a_cut_off_archive_gives_what_it_holds(tmp_path: Path) -> None:
    packed = tmp_path / "cut.rss.gz"
    packed.write_bytes(gzip.compress(RSS)[:-300])
    report, store = run(tmp_path, packed)
    assert "the gzip file ends after" in report.errors[0]
    assert report.total.accepted + report.total.rejected > 0
    packed.write_bytes(gzip.compress(RSS))
    report, store = run(tmp_path, packed)
    assert rows(store)[0]["text"] == "The lid drips , sadly & always."


def test_an_entry_that_is_cut_in_two_waits_for_the_whole_one(tmp_path: Path) -> None:
    feed = tmp_path / "cut.rss"
    feed.write_bytes(RSS[: RSS.index(b"<b>drips")])
    report, _ = run(tmp_path, feed)
    assert report.tables["feedback"] == Counts(1, 0, 0, 1)
    ((_, lost),) = Rejects(tmp_path / "rejected").read()
    assert lost.row == 1
    assert "in which the feed ends" in lost.reason
    assert "The lid" in str(lost.content)
    feed.write_bytes(RSS)
    _, store = run(tmp_path, feed)
    assert rows(store)[0]["text"] == "The lid drips , sadly & always."


def test_what_is_no_feed_is_refused_and_the_others_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<html><body>Teapots</body></html>")
    shutil.copy(GOLDEN / "posts.atom", tmp_path / "b.xml")
    report, store = run(tmp_path, tmp_path / "*.xml")
    assert len(report.errors) == 1
    assert "a.xml: expected an RSS or Atom feed, received '<html>" in report.errors[0]
    assert store.read("feedback").num_rows == 2
    with pytest.raises(SourceError, match="give path=FILE"):
        Feeds(path=None, folder=tmp_path)


def test_a_feed_cannot_read_files_or_blow_up(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("nobody may read this")
    entities = "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )  # a billion times ten letters
    for name, declared, used in (
        ("outside", f'<!ENTITY a SYSTEM "{secret.as_uri()}">', "&a;"),
        ("inside", f'<!ENTITY a "aaaaaaaaaa">{entities}', "&j;"),
    ):
        (tmp_path / f"{name}.rss").write_text(
            f'<?xml version="1.0"?><!DOCTYPE r [{declared}]><rss version="2.0"><channel><item>'
            f"<guid>x:{name}</guid><title>{name}</title><description>{used}</description>"
            "<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item></channel></rss>"
        )
    report, store = run(tmp_path, tmp_path)
    assert "received limit on input amplification" in report.errors[0]
    kept = str(rows(store)) + str([row.content for _, row in Rejects(tmp_path / "rejected").read()])
    assert "outside" in kept
    assert "nobody may read" not in kept
    assert len(kept) < 5000


def test_a_feed_over_http_is_fetched_when_it_changed(tmp_path: Path) -> None:
    page = Page(RSS, etag='"one"')
    with serving(page) as url:
        assert isinstance(Feeds(path=url, folder=tmp_path), Resumable)
        report, _ = run(tmp_path, f"{url}/old")
        assert report.tables["feedback"] == Counts(7, 4, 0, 3)
        report, _ = run(tmp_path, f"{url}/old")
        assert report.total.read == 0
        assert "did not change" in report.notes[0]
        page.body = RSS.replace(b"<item>", b"<item><guid>https://talk.example/9</guid>"
            b"<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate><title>New</title></item><item>",
            1)  # fmt: skip
        page.etag = '"two"'
        report, store = run(tmp_path, f"{url}/old")
        assert report.tables["feedback"] == Counts(8, 1, 4, 3)
        assert rows(store)[-1]["text"] == "New"
        report, _ = run(tmp_path, f"{url}/old", again=True)
        assert report.tables["feedback"] == Counts(8, 0, 5, 3)
    conditions = [condition for path, condition in page.asked if path == "/feed"]
    assert conditions == [None, '"one"', '"one"', None]
    assert [status for status in page.sent if status != 301] == [200, 304, 200, 200]


def test_the_charset_of_the_answer_counts_and_links_are_resolved(tmp_path: Path) -> None:
    body = (
        '<rss version="2.0"><channel><title>壶</title><item><link>/1</link>'
        "<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate><title>滴水</title></item></channel></rss>"
    )
    page = Page(body.encode("gb18030"), content_type="application/xml; charset=gb18030")
    with serving(page) as url:
        report, store = run(tmp_path, f"{url}/feed")
    assert report.ok
    (row,) = rows(store)
    assert row["text"] == "滴水"
    assert row["feedback_id"] == f"social:{url}/1"


def test_a_broken_feed_over_http_is_asked_for_again(tmp_path: Path) -> None:
    page = Page(RSS[: RSS.index(b"Neither guid") - 25], etag='"one"')
    with serving(page) as url:
        report, _ = run(tmp_path, f"{url}/feed")
        assert report.tables["feedback"] == Counts(3, 3, 0, 0)
        page.body = RSS
        report, _ = run(tmp_path, f"{url}/feed")
    assert report.tables["feedback"] == Counts(7, 1, 3, 3)


def test_servers_that_do_not_give_a_feed(tmp_path: Path) -> None:
    with serving(Page(b"gone fishing", status=404)) as url:
        report, _ = run(tmp_path, f"{url}/feed")
        assert "received status 404: 'gone fishing'" in report.errors[0]
    with serving(Page(RSS)) as url:
        report, _ = run(tmp_path, f"{url}/feed", largest=1000)
        assert "at most 1,000 bytes" in report.errors[0]
    report, _ = run(tmp_path, f"{url}/feed", timeout=2)
    assert "Check the address and the network" in report.errors[0]


def test_the_verb_loads_feeds(tmp_path: Path) -> None:
    told = ["source=feeds", f"path={GOLDEN}", "workspace=shop", f"data_dir={tmp_path}"]
    called = [sys.executable, "-m", "ingest", *told, "progress=false"]
    done = subprocess.run(called, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = orjson.loads((tmp_path / "shop" / "load-report.json").read_bytes())
    assert report["source"] == "social"
    assert report["tables"]["feedback"]["accepted"] == 6
