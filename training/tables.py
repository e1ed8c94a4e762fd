"""Tables of models: one line a model and protocol, best first, with intervals."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

ERRORS = ("rmse", "mse", "mae")  # metrics that are better when small
SEVERAL = " × "  # in the protocol of a mean over several cutoffs
OVER = "over "  # before what a paired difference is over
GAINS = (f"{OVER}popularity", f"{OVER}next")  # those of every table
_METRICS = ("recall@10", "recall@20", "ndcg@10", "ndcg@20", "map@20", "hit_rate@20", "coverage@20")


def gains_of(columns: Collection[str]) -> list[str]:
    """Return those of the ``columns`` of a comparison that hold paired differences."""
    return [name for name in columns if name.startswith(OVER) and f"{name} low" in columns]


def render(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[str] = (), *, cutoffs: bool = False
) -> str:
    """Return a markdown table: one line a model and protocol, best first, intervals in brackets.

    Where there are means over several cutoffs, only they are shown, or all with ``cutoffs``. Where
    lines speak of different customers, each tells how many (of rating errors: how many ratings).
    """
    rows = rows if cutoffs else _means(rows)
    known = {row["metric"] for row in rows}
    names = [name for name in metrics or _METRICS if name in known]
    names += _gains(rows, names[:1])
    lines: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row["metric"] in names:
            lines.setdefault((row["protocol"], row["model"]), {})[row["metric"]] = row
    ordered = sorted(lines.items(), key=lambda line: (line[0][0], _place(line[1], names)))
    with_reference = any(row.get("reference") for row in rows if row["metric"] in names)
    asked = {line: _asked(values, names) for line, values in lines.items()}
    with_n = len(set(asked.values()) - {"–"}) > 1
    head = ["model", "protocol", *(["n"] if with_n else []), *names, "fit s", "peak MB"]
    head += ["reference"] if with_reference else []
    table = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for (protocol, model), values in ordered:
        cells = [model, protocol, *([asked[protocol, model]] if with_n else [])]
        cells += [_cell(values.get(name)) for name in names]
        cells += [_cost(values, "seconds", ".1f"), _cost(values, "peak_mb", ",.0f")]
        if with_reference:
            cells.append(_references(values, names))
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def render_starts(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table of how models start: by what is known, best first.

    Only lines are shown whose places the model filled by itself, at least in part; whoever stands
    behind it answers the others, and is a line of its own where it took part.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a report, with those of :mod:`training.coldstart.measure`.
    """
    lines: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        lines.setdefault((row["model"], row["protocol"]), {})[row["metric"]] = row
    lines = {line: values for line, values in lines.items() if "answered" in values}
    asked: dict[str, list[str]] = {}
    for model, protocol in lines:
        asked.setdefault(model, []).append(protocol)
    # as measured; models that read no profile have fewer
    order = max(asked.values(), key=len, default=[])
    gains = dict.fromkeys(name for row in lines.values() for name in row if f" {OVER}" in name)
    main = next(iter(gains), _METRICS[1]).split(f" {OVER}")[0]
    table = ["| " + " | ".join(["known", "model", "n", main, *gains, "answered"]) + " |"]
    table.append("|" + " --- |" * (5 + len(gains)))
    for (model, protocol), values in sorted(
        lines.items(), key=lambda line: (order.index(line[0][1]), _place(line[1], [main]))
    ):
        answered = float(values["answered"]["value"])
        if answered > 0:
            cells = [protocol.split(", ")[0], model, _asked(values, [main])]
            cells += [_cell(values.get(name)) for name in (main, *gains)]
            table.append("| " + " | ".join([*cells, f"{answered:.0%}"]) + " |")
    return "\n".join(table) + "\n"


def _means(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the rows over several cutoffs if there are any, else all."""
    return [row for row in rows if SEVERAL in row["protocol"]] or rows


def _gains(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Return the paired differences of the metrics ``names``: over popularity, next, others."""
    kept = dict.fromkeys(str(row["metric"]) for row in rows)
    usual = [f"{name} {gain}" for name in names for gain in GAINS]
    others = [each for each in kept if each.startswith(tuple(f"{name} {OVER}" for name in names))]
    return [each for each in dict.fromkeys([*usual, *others]) if each in kept]


def _place(values: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> float:
    """Return what orders lines, best first, by the first of the metrics; errors rise."""
    if not names or names[0] not in values:
        return math.inf
    value = float(values[names[0]]["value"])
    return value if names[0] in ERRORS else -value


def _asked(values: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return of how many the first of the metrics that tells it is a mean."""
    told = (values[name].get("n") for name in names if name in values)
    found = next((n for n in told if n is not None), None)
    return "–" if found is None else f"{found:,}"


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    form = "+.4f" if f" {OVER}" in row["metric"] else ".4f"
    low, high = row.get("low"), row.get("high")
    text = format(row["value"], form)
    text = text if low is None else f"{text} [{low:{form}}, {high:{form}}]"
    return text if row.get("sd") is None else f"{text} ± {row['sd']:.4f}"


def _cost(values: Mapping[str, Mapping[str, Any]], name: str, form: str) -> str:
    found = next((row[name] for row in values.values() if row.get(name) is not None), None)
    return "–" if found is None else format(found, form)


def _references(values: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> str:
    found = [
        f"{name} {values[name]['reference']:g}"
        for name in names
        if name in values and values[name].get("reference")
    ]
    return ", ".join(found) or "–"
