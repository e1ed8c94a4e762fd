"""Groups of customers as Fairlearn reports them: figures by group, overall, difference and ratio.

Beside the gaps of :mod:`training.groups`, which add intervals, chance and a limit, this is the
table that people who audit models know. Source: Weerts, Dudík, Edgar, Jalali, Lutz and Madaio 2023,
"Fairlearn: Assessing and Improving Fairness of AI Systems".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from training.attributes import read_attributes

if TYPE_CHECKING:
    from training.runner import Result

REPORT = "fairlearn"  # .csv and .md, beside the gaps that a run keeps
COUNT = "customers"


def fairness(result: Result) -> pd.DataFrame:
    """Return the report on the newest split, empty where no groups are compared.

    Columns: ``attribute``; ``row`` (``group``, ``overall``, ``difference`` or ``ratio``);
    ``group``; ``judged``; ``customers``; the means of the main metric, of the hit rate of the same
    list length and of ``answered``, the share of the list that the model itself filled.
    """
    rules, metric = result.plan.groups, result.plan.metric
    if not rules.attributes:
        return pd.DataFrame()
    found = result.evaluations[0].customers
    known = read_attributes(result.prepared, rules.attributes).reindex(found.index)
    hits = f"hit_rate@{metric.partition('@')[2]}"
    measured = list(dict.fromkeys(name for name in (metric, hits, "answered") if name in found))
    frames = [
        by_attribute(found[measured], known[name], min_size=rules.min_size)
        for name in rules.attributes
    ]
    return pd.concat(frames, ignore_index=True)


def by_attribute(values: pd.DataFrame, names: pd.Series, *, min_size: int = 1) -> pd.DataFrame:
    """Return the report of one attribute; customers without a group or a value are left out.

    Parameters
    ----------
    values : DataFrame
        A row a customer, a column a figure.
    names : Series
        Group by customer, on the same index; its name is the attribute.
    min_size : int
        Smaller groups are listed; difference and ratio are of the others, NaN of fewer than two.
    """
    both = values.assign(**{COUNT: names}).dropna()
    groups, figures = both.pop(COUNT).astype(str), both
    sizes = groups.value_counts()
    large = groups.isin(sizes.index[sizes >= min_size])
    if groups.empty:
        return pd.DataFrame()
    frame = _frame(figures, groups)
    rows = [
        _row("group", frame.by_group.loc[name], str(name), judged=bool(sizes[name] >= min_size))
        for name in frame.by_group.index
    ]
    rows.append(_row("overall", frame.overall))
    nothing = dict.fromkeys(figures.columns, float("nan"))
    difference: Any = nothing
    ratio: Any = nothing
    if len(groups[large].unique()) > 1:
        judged = _frame(figures[large], groups[large])
        difference = judged.difference().drop(COUNT)
        ratio = judged.ratio().drop(COUNT)
    rows += [_row("difference", difference), _row("ratio", ratio)]
    table = pd.DataFrame(rows)
    table.insert(0, "attribute", str(names.name))
    return table[["attribute", "row", "group", "judged", COUNT, *figures.columns]]


def write_fairness(folder: Path, table: pd.DataFrame) -> None:
    """Write the report, if there is one, as csv and as markdown."""
    if table.empty:
        return
    table.to_csv(folder / f"{REPORT}.csv", index=False)
    (folder / f"{REPORT}.md").write_text(markdown(table), encoding="utf-8")


def markdown(table: pd.DataFrame) -> str:
    """Return the report as a markdown table an attribute."""
    figures = list(table.columns[5:])
    lines = [
        "# Groups of customers (Fairlearn's MetricFrame)",
        "",
        "Difference and ratio: largest minus smallest and smallest over largest of the groups "
        "large enough to judge.",
    ]
    for attribute, rows in table.groupby("attribute", sort=False):
        head = [str(attribute), COUNT, *figures]
        lines += ["", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        lines += [_line(row, figures) for row in rows.to_dict("records")]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[Any, Any], figures: list[str]) -> str:
    few = row["row"] == "group" and not row["judged"]
    title = f"{row['group']}{' (too few to judge)' if few else ''}"
    cells = [title if row["row"] == "group" else f"**{row['row']}**"]
    cells.append("–" if pd.isna(row[COUNT]) else f"{row[COUNT]:,.0f}")
    cells += ["–" if pd.isna(row[name]) else f"{row[name]:.4f}" for name in figures]
    return "| " + " | ".join(cells) + " |"


def _row(
    kind: str, found: Mapping[str, float], group: str = "", *, judged: bool = True
) -> dict[str, Any]:
    return {"row": kind, "group": group, "judged": judged, **dict(found)}


def _frame(figures: pd.DataFrame, groups: pd.Series) -> Any:
    """Return the MetricFrame of the means of ``figures``, and of the number of customers."""
    from fairlearn.metrics import MetricFrame, count  # noqa: PLC0415  (only where groups are asked)

    first = figures.iloc[:, 0]  # a MetricFrame wants truth and prediction; means need neither
    return MetricFrame(
        metrics={COUNT: count} | dict.fromkeys(figures.columns, _mean),
        y_true=first,
        y_pred=first,
        sensitive_features=groups,
        sample_params={name: {"values": figures[name]} for name in figures.columns},
    )


def _mean(_truth: Any, _predicted: Any, *, values: Any) -> float:
    return float(values.mean())
