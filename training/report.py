"""Measured results in one place: rows in ``data/reports``, tables in the READMEs made of them.

``python -m training.report`` rewrites the tables between ``<!-- results:NAME -->`` and
``<!-- /results -->`` from ``data/reports/NAME.json``, so that text and figures cannot disagree. The
metrics of a table are named in its mark; ``cutoffs`` shows every cutoff beside the mean. The table
of benchmarks is marked ``<!-- results:speed figures -->``, that of growth ``growth``, that of what
must not take longer ``limits``, that of deletion tests ``deletions``, those of who is new
``starts``, those of text analysis ``texts`` (every figure), ``floors`` (those held against
something) or ``satisfaction`` (how well text tells how content customers are).
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from training.figures import (
    render_deletions,
    render_figures,
    render_growth,
    render_limits,
    render_satisfaction,
    render_texts,
)
from training.tables import ERRORS, gains_of, render, render_starts

if TYPE_CHECKING:
    import pandas as pd

    from training.groups import Gap
    from training.metrics.evaluation import Evaluation
    from training.runner import Result

PAGES = (
    "README.md",
    "README.zh.md",
    "docs/text-analysis.md",
    "docs/results.md",
    "docs/message-report.md",
)
_MARKED = re.compile(
    r"<!-- results:(?P<name>[\w-]+)(?P<options>[^>]*?) -->.*?<!-- /results -->", re.S
)
_ROOT = Path(__file__).resolve().parents[1]
_NAMED = rf"\w+@\d+|\b(?:{'|'.join(ERRORS)})\b"  # metrics among the options of a mark
_COMMANDS = {
    "speed": "make bench",
    "growth": "make bench",
    "benchmark_insights": "python -m insights experiment=benchmark_insights",
}
_KINDS: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], str]] = {
    "figures": render_figures,
    "growth": render_growth,
    "deletions": render_deletions,
    "starts": render_starts,
    "limits": render_limits,
    "satisfaction": render_satisfaction,
    "texts": partial(render_texts, floors=False),
    "floors": partial(render_texts, floors=True),
}
_KEY = ("dataset", "protocol", "model", "metric")


@dataclass(frozen=True)
class Row:
    """One measured value; ``reference`` is what it is held against, ``ratio`` value / reference."""

    dataset: str
    protocol: str
    model: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    seconds: float | None = None
    peak_mb: float | None = None
    reference: float | None = None
    ratio: float | None = None
    sd: float | None = None  # over seeds
    seeds: int | None = None


def rows_of(result: Result) -> list[Row]:
    """Return every metric of ``result``, with the reference its configuration names.

    Of several cutoffs, first the mean over customers and cutoffs, then each cutoff.
    """
    each = result.evaluations if len(result.evaluations) > 1 else ()
    return [row for found in (result.evaluation, *each) for row in _rows(result, found)]


def _rows(result: Result, found: Evaluation) -> list[Row]:
    """Return every metric of one evaluation; references are of the newest cutoff."""
    plan = result.plan
    references: Mapping[str, Mapping[str, float]] = plan.config.get("references") or {}
    newest = found is result.evaluations[0]
    known = references.get(plan.model_name, {}) if newest else {}
    rows = []
    for name, each in found.summary.items():
        reference = known.get(name)
        rows.append(
            Row(
                dataset=result.prepared.workspace.name,
                protocol=f"{plan.task.value}, {found.split}",
                model=plan.model_name,
                metric=name,
                value=each.value,
                low=_number(each.low),
                high=_number(each.high),
                n=each.n,
                seconds=round(result.fit_seconds, 2),
                peak_mb=round(result.peak_mb),
                reference=reference,
                ratio=each.value / reference if reference else None,
                sd=found.spread.get(name),
                seeds=found.seeds if found.spread else None,
            )
        )
    if newest:
        rows += [row for gap in result.gaps for row in _gap_rows(gap, rows[0])]
    return [row for row in rows if not math.isnan(row.value)]


def _gap_rows(gap: Gap, like: Row) -> list[Row]:
    """Return the metric of every group and the largest gap, held against what is allowed."""
    found = {f"{gap.metric} {gap.attribute} {each.name}": each.metric for each in gap.groups}
    found[f"{gap.metric} gap by {gap.attribute}"] = gap.difference
    return [
        Row(
            dataset=like.dataset,
            protocol=like.protocol,
            model=like.model,
            metric=name,
            value=each.value,
            low=_number(each.low),
            high=_number(each.high),
            n=each.n,
        )
        for name, each in found.items()
    ]


def gain_rows(compared: pd.DataFrame, results: Sequence[Result]) -> list[Row]:
    """Return the paired differences of a comparison table (one row a model) as rows."""
    plan, prepared = results[0].plan, results[0].prepared
    return [
        Row(
            dataset=prepared.workspace.name,
            protocol=f"{row['task']}, {row['split']}",
            model=row["model"],
            metric=f"{plan.metric} {gain}",
            value=row[gain],
            low=row[f"{gain} low"],
            high=row[f"{gain} high"],
        )
        for row in compared.to_dict("records")
        for gain in gains_of(list(map(str, compared)))
        if not math.isnan(row[gain])
    ]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Add ``rows`` to the list in ``path``; a value measured again replaces the old one."""
    known = {_key(row): row for row in read_rows(path)} if path.exists() else {}
    known |= {_key(asdict(row)): asdict(row) for row in rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = orjson.dumps(list(known.values()), option=orjson.OPT_INDENT_2)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(text)
    temporary.replace(path)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read the rows of one report.

    Raises
    ------
    ValueError
        If the file is not a list of rows.
    """
    found = orjson.loads(path.read_bytes())
    if not isinstance(found, list) or any(set(_KEY) - set(row) for row in found):
        raise ValueError(f"{path}: expected a list of rows with at least {list(_KEY)}")
    return found


def update(page: Path, reports: Path) -> list[str]:
    """Rewrite the marked tables of ``page``; return the names that have no report yet."""
    missing: list[str] = []

    def table(found: re.Match[str]) -> str:
        name, options = found["name"], found["options"]
        path = reports / f"{name}.json"
        if not path.exists():
            missing.append(name)
            return found[0]
        rows = read_rows(path)
        return f"<!-- results:{name}{options} -->\n{_body(rows, options)}<!-- /results -->"

    text = page.read_text(encoding="utf-8")
    renewed = _MARKED.sub(table, text)
    if renewed != text:
        page.write_text(renewed, encoding="utf-8")
    return missing


def _body(rows: list[dict[str, Any]], options: str) -> str:
    """Return the table of the kind that the options ask for."""
    kinds = set(options.split())
    for kind, rendered in _KINDS.items():
        if kind in kinds:
            return rendered(rows)
    return render(rows, re.findall(_NAMED, options), cutoffs="cutoffs" in kinds)


def main(root: Path = _ROOT) -> int:
    """Rewrite every marked table of the pages; 1 if a report is missing."""
    missing = [
        f"{page}: {name}"
        for page in PAGES
        if (root / page).exists()
        for name in update(root / page, root / "data" / "reports")
    ]
    for line in missing:
        name = line.split(": ")[1]
        command = _COMMANDS.get(name, f"python -m training -m experiment={name}")
        sys.stderr.write(f"no report for {line}; run: {command}\n")
    return 1 if missing else 0


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


if __name__ == "__main__":
    sys.exit(main())
