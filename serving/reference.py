"""``docs/reference.md``, written from the code and the configuration so that it cannot go stale.

``python -m serving.reference`` rewrites the page; a test fails while it differs from the house.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
PAGE = HOUSE / "docs" / "reference.md"
HEAD = """# Reference

Everything there is to choose, to measure and to call. Written by `python -m serving.reference`.
"""


def configuration() -> Iterator[str]:
    """Yield one section a configuration group: each choice with the first sentence of its file."""
    conf = HOUSE / "conf"
    yield "## Configuration\n"
    yield "One primary file a verb, `conf/<verb>.yaml`, and one group a choice, `group=choice`.\n"
    for group in sorted({file.parent for file in conf.rglob("*.yaml")} - {conf}):
        yield f"### `{group.relative_to(conf)}`\n"
        yield "| choice | what it is |\n|---|---|"
        for file in sorted(group.glob("*.yaml")):
            yield f"| `{file.stem}` | {_about(file)} |"
        yield ""


def _about(file: Path) -> str:
    """Return the first sentence of the comment that a configuration file opens with."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    opening = takewhile(lambda line: line.startswith("#"), lines)
    told = " ".join(line.lstrip("# ") for line in opening if "@package" not in line)
    return re.split(r"(?<=[.;]) ", told, maxsplit=1)[0].rstrip(";").replace("|", "\\|")


def metrics() -> Iterator[str]:
    """Yield the table of metrics."""
    from training.metrics import registered  # noqa: PLC0415  (the page needs the whole house)

    yield "## Metrics\n"
    yield "Full ranking only; each with a 95 % paired-bootstrap interval over customers.\n"
    yield "| metric | of | what it is |\n|---|---|---|"
    for metric in registered().values():
        yield f"| `{metric.name}` | {metric.kind} | {metric.description.replace('|', '/')} |"
    yield ""


def routes() -> Iterator[str]:
    """Yield the table of HTTP routes."""
    from serving.api.app import create_app  # noqa: PLC0415
    from serving.api.settings import ApiSettings  # noqa: PLC0415

    yield "## Routes\n"
    yield "`python -m serving.api`; the whole description, with examples, is at `/docs`.\n"
    yield "| route | what it answers |\n|---|---|"
    for path, methods in create_app(ApiSettings()).openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"| `{method.upper()} {path}` | {operation['summary']} |"
    yield ""


def findings() -> Iterator[str]:
    """Yield the table of findings."""
    from insights.registry import FINDINGS  # noqa: PLC0415

    yield "## Findings\n"
    yield "| finding | formula | unit | what to do |\n|---|---|---|---|"
    for finding in FINDINGS.values():
        yield f"| `{finding.id}` | {finding.formula} | {finding.unit} | {finding.action} |"
    yield ""


def views() -> Iterator[str]:
    """Yield the data dictionary of what BI tools read."""
    from insights.views.dictionary import KINDS, VIEWS  # noqa: PLC0415

    yield "## Views for BI tools\n"
    yield "`python -m insights.view` writes them as Parquet files and into one DuckDB file.\n"
    for view in VIEWS.values():
        yield f"### `{view.name}`\n"
        yield f"{view.about}\n"
        yield "| column | type | what it is |\n|---|---|---|"
        for column in view.columns:
            yield f"| `{column.name}` | {KINDS[column.type]} | {column.about} |"
        yield ""


def page() -> str:
    """Return the whole page as Markdown."""
    parts = [*configuration(), *metrics(), *routes(), *findings(), *views()]
    return "\n".join([HEAD, *parts])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.relative_to(HOUSE)}\n")
