"""``python -m serving.demo``: raw data to compared models, recommendations and a summary."""

from __future__ import annotations

import sys
from typing import Any

from ingest.runtime import prepare

prepare()

import orjson
from rich.console import Console
from rich.table import Table

from serving.demo.plan import FOLDER, OUTPUTS, RECOMMENDATIONS, REPORT, STAGES, SUMMARY
from serving.demo.stages import StageFailedError, StageRun, run_stages


def _stage_table(runs: list[StageRun]) -> Table:
    table = Table("stage", "command", "seconds", "peak MB", title="Stages")
    for run in runs:
        seconds = f"unchanged ({run.seconds})" if run.skipped else str(run.seconds)
        table.add_row(run.name, run.command, seconds, str(run.peak_mb))
    return table


def _model_table(models: list[dict[str, Any]]) -> Table:
    table = Table(title="Models: items a customer never had, 30 days from 2017-11-01")
    for column in ("model", "recall@20", "ndcg@20", "fit s"):
        table.add_column(column)
    for model in models:
        cells = (model[name] for name in ("recall@20", "ndcg@20"))
        shown = [f"{value:.4f} [{low:.4f}, {high:.4f}]" for value, low, high in cells]
        table.add_row(model["model"], *shown, f"{model['fit_s']:.1f}")
    return table


def _show_customer(console: Console, customer: dict[str, Any]) -> None:
    traits = ", ".join(f"{name}: {value}" for name, value in customer["profile"].items())
    note = f"{customer['simulated_share']:.0%} of the texts behind it are simulated"
    console.print(f"\nCustomer {customer['customer_id']} ({note})", style="bold", soft_wrap=True)
    console.print(traits, soft_wrap=True)
    table = Table("#", "item", "why")
    for row in customer["recommendations"]:
        table.add_row(str(row["rank"]), row["title"], row["reason"])
    console.print(table)


def main() -> None:
    """Run the stages, then print and keep the summary."""
    console = Console()
    runs: list[StageRun] = []
    try:
        for run in run_stages(STAGES, FOLDER / "demo-stages.json", OUTPUTS):
            runs.append(run)
            note = "unchanged" if run.skipped else f"{run.seconds} s, {run.peak_mb} MB"
            console.rule(f"{len(runs)}/{len(STAGES)} {run.name}: {note}", align="left")
    except StageFailedError as error:
        sys.exit(f"demo: {error}\nRun that command by itself to see what is wrong.")

    from ingest.workspace import Workspace
    from serving.demo.summary import lines, summarize

    summary = summarize(runs, Workspace(FOLDER), REPORT, RECOMMENDATIONS)
    SUMMARY.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    rows = ", ".join(f"{count:,} {table}" for table, count in summary["rows"].items())
    simulated = ", ".join(f"{n:,} {name}" for name, n in summary["simulated_rows"].items())
    for part in (_stage_table(runs), _model_table(summary["models"])):
        console.print(part)
    for customer in summary["customers"]:
        _show_customer(console, customer)
    console.print(f"Rows: {rows}; simulated among them: {simulated}")
    console.print(f"{summary['seconds']} s, {summary['peak_mb']} MB at most; kept in {SUMMARY}")
    console.print("\nNext:", *lines(summary), sep="\n  ", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
