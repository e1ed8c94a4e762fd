"""Findings as files: CSV and Parquet for machines, XLSX, HTML and PDF for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import pandas as pd

from features.text.pii.shown import shown_table
from insights.answer import Answer, readable
from insights.pdf import write_pdf
from insights.workbook import harmless, write_workbook

STYLE = """
body { font: 14px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", sans-serif; margin: 2rem auto;
       max-width: 60rem; color: #1c2430; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #d8dee8; text-align: left; }
td a { overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { color: #5b6675; font-size: 12px; }
.simulated { background: #fff3cd; padding: .25rem .5rem; border-radius: 4px; }
@page { size: A4; margin: 16mm 14mm 18mm;
        font: 9px sans-serif; color: #5b6675;
        @bottom-right { content: counter(page) " / " counter(pages); }
        @bottom-left { content: string(title); } }
@media print {
  body { font-size: 9px; margin: 0; max-width: none;
         font-family: "DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei", sans-serif; }
  h1 { string-set: title content(); }
  section { break-inside: avoid; }
  h1 { font-size: 18px; } h2 { font-size: 13px; margin: .6rem 0; }
  table { font-size: 7px; margin: .4rem 0; }
  .note { font-size: 7.5px; }
  tr, h2 { break-inside: avoid; break-after: avoid; }
  tr { break-after: auto; }
  svg { width: 80%; height: auto; }
  th, td { padding: .08rem .3rem; }
  details { display: none; }
}
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body>
{body}
</body></html>
"""


def write(answer: Answer, out: Path) -> None:
    """Write a finding's table to a file whose ending chooses the format.

    Raises
    ------
    ValueError
        If the ending is none of .csv, .parquet, .xlsx, .html and .pdf.
    """
    writers: Mapping[str, Callable[[], object]] = {
        ".csv": lambda: harmless(shown_table(answer.export())).to_csv(out, index=False),
        ".parquet": lambda: shown_table(answer.export()).to_parquet(out, index=False),
        ".xlsx": lambda: write_workbook(answer, out),
        ".html": lambda: out.write_text(_drawn(answer), encoding="utf-8"),
        ".pdf": lambda: write_pdf(_drawn(answer), out),
    }
    if out.suffix not in writers:
        raise ValueError(f"out={out}: expected a file ending in {', '.join(writers)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    writers[out.suffix]()


def _drawn(answer: Answer) -> str:
    """Return a page of one finding with its chart; records behind a number have none."""
    from insights.charts import draw  # noqa: PLC0415  (matplotlib: half a second)

    figure = draw(answer, answer.finding.chart) if "count" in answer.table else ""
    return page(answer.title, section(answer, figure))


def page(title: str, body: str) -> str:
    """Return a whole HTML page that needs nothing from anywhere else."""
    return _PAGE.format(title=escape(title), style=STYLE, body=body)


def section(answer: Answer, figure: str = "") -> str:
    """Return one finding as HTML: titles, chart, numbers, definition."""
    finding = answer.finding
    label = ' <span class="simulated">simulated data</span>' if answer.simulated else ""
    return (
        f'<section id="{escape(finding.id)}">\n'
        f"<h2>{escape(finding.title)} · {escape(finding.title_zh)}{label}</h2>\n{figure}\n"
        f"{rows(answer.brief)}\n"
        f'<p class="note"><code>{escape(finding.id)}</code>, {escape(finding.unit)}. '
        f"{escape(answer.caption)} {escape(finding.action)}</p>\n</section>"
    )


def rows(table: pd.DataFrame) -> str:
    """Return a table as HTML."""
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
    lines = (
        "".join(f"<td{_kind(value)}>{escape(readable(value))}</td>" for value in row)
        for row in shown_table(table).itertuples(index=False)
    )
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _kind(value: object) -> str:
    return ' class="number"' if isinstance(value, int | float) else ""
