"""Reports as PDF: pages, text in both languages, links, and nothing fetched from anywhere."""

from __future__ import annotations

import re
import sys
import zlib
from ctypes.util import find_library
from pathlib import Path

import pandas as pd
import pytest

from insights.answer import Answer
from insights.export import page, write
from insights.filters import Filters
from insights.pdf import write_pdf
from insights.registry import find

needs_pango = pytest.mark.skipif(
    find_library("pangoft2-1.0") is None, reason="Pango is not on this machine"
)


def plain(file: Path) -> bytes:
    """Return a PDF with what it keeps compressed laid open."""
    told = file.read_bytes()
    assert told.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", told, re.DOTALL)
    return told + b"".join(zlib.decompress(s) for s in streams if s[:1] == b"x")


@needs_pango
def test_a_finding_is_written_with_its_chart(tmp_path: Path) -> None:
    table = pd.DataFrame({"channel": ["微信", "web"], "count": [3, 5], "simulated_share": [0.5, 0]})
    answer = Answer(find("volume"), Filters(zone="Asia/Shanghai"), "30 min", table)
    write(answer, tmp_path / "volume.pdf")
    write(answer, tmp_path / "volume.html")
    assert "<svg" in (tmp_path / "volume.html").read_text(encoding="utf-8")
    assert len(re.findall(rb"/Type\s*/Page\b", plain(tmp_path / "volume.pdf"))) == 1


@needs_pango
def test_links_lead_to_sections_and_long_pages_are_numbered(tmp_path: Path) -> None:
    sections = "".join(
        f'<section id="s{n}"><h2>第{n}节</h2>{"<p>text</p>" * 40}</section>' for n in range(3)
    )
    links = "".join(f'<a href="#s{n}">{n}</a> ' for n in range(3))
    write_pdf(page("Weekly · 周报", f"<h1>Weekly</h1>{links}{sections}"), tmp_path / "week.pdf")
    told = plain(tmp_path / "week.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b", told)) >= 3
    assert len(re.findall(rb"/Subtype\s*/Link\b", told)) == 3


@needs_pango
def test_records_stay_on_the_screen_and_nothing_is_fetched(tmp_path: Path) -> None:
    square = '<rect width="9" height="9"/>'
    (tmp_path / "secret.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{square}</svg>'
    )
    shown = f'<p>kept</p><img src="file://{tmp_path}/secret.svg"><img src="http://192.0.2.1/a.png">'
    write_pdf(page("x", shown), tmp_path / "with.pdf")
    write_pdf(page("x", "<p>kept</p>"), tmp_path / "without.pdf")
    rows = "<p>kept</p><details><summary>5 records</summary>" + "<p>row</p>" * 400 + "</details>"
    write_pdf(page("x", rows), tmp_path / "rows.pdf")
    pages = [len(re.findall(rb"/Type\s*/Page\b", plain(tmp_path / f"{n}.pdf")))
             for n in ("with", "without", "rows")]  # fmt: skip
    assert pages == [1, 1, 1]
    assert plain(tmp_path / "with.pdf").count(b" re\n") == plain(tmp_path / "without.pdf").count(
        b" re\n"
    )


def test_a_machine_without_pango_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setitem(sys.modules, "weasyprint", Broken())
    with pytest.raises(ValueError, match=r"apt-get install libpango-1\.0-0"):
        write_pdf(page("x", ""), tmp_path / "x.pdf")
