"""How far customer value and churn are off on real shops, and how long a million customers take.

``HUAXIANG_DATA=folder python tests/benchmarks/bench_customer_value.py [python]``: models are fitted
on what was known before the days held out, which are as many as they look ahead, and laid beside
what came: UCI Online Retail and The Complete Journey, 30 and 90 days. Naive: the same rate as so
far, and the same rate for who bought within as many days, none for others. Differences are paired
by customer, with 95 % intervals. ``python`` may name the interpreter of another environment that
has ``lifetimes``, which then fits the same 100,000 simulated customers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from ingest.sources.completejourney import CompleteJourney
from ingest.sources.online_retail import OnlineRetail
from insights.lifetime.buying import Buying
from insights.lifetime.estimate import Models, bands, estimated, tenths
from insights.lifetime.histories import Histories, fold
from insights.lifetime.holdout import Figure, Held
from insights.lifetime.settings import LifetimeSettings
from insights.lifetime.spending import Spending
from tests.benchmarks.kept import keep
from tests.insights.lifetime.drawn import buyers, spenders

HORIZONS, COLUMNS = (30, 90), ["customer_id", "day", "spent", "source"]
LIFETIMES = """
import json, sys, time
import numpy as np, lifetimes
told = np.load(sys.argv[1])
begun = time.perf_counter()
fitter = lifetimes.BetaGeoFitter().fit(told["x"], told["recency"], told["age"])
numbers = [float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")]
print(json.dumps({"seconds": time.perf_counter() - begun, "parameters": numbers}))
"""


def shops() -> Iterator[tuple[str, pa.Table]]:
    """Yield the purchases of each shop."""
    file = Path(os.environ["HUAXIANG_DATA"]) / "online-retail" / "online_retail.parquet"
    yield "Online Retail", purchases(OnlineRetail(file=file).batches())
    yield "Complete Journey", purchases(CompleteJourney(promotions=False).batches())


def purchases(batches: Iterator) -> pa.Table:
    """Return purchases as :func:`~insights.lifetime.histories.fold` reads them, days in UTC."""
    found = []
    for batch in batches:
        if batch.table == "events" and "value" in batch.rows.column_names:
            rows = ibis.memtable(batch.rows)
            rows = rows.filter(rows.kind == "purchase").drop_null("customer_id")
            day = rows.occurred_at.epoch_seconds().cast("int64") // 86_400
            rows = rows.mutate(day=day, spent=rows.value, source=ibis.literal("shop"))
            found.append(rows.select(COLUMNS).to_pyarrow())
    return pa.concat_tables(found)


def judge(name: str, bought: pa.Table, wanted: LifetimeSettings) -> None:
    """Hold a shop's last days against what was expected of them."""
    rows, days = ibis.memtable(bought), wanted.horizon_days
    end = int(rows.day.max().to_pandas())
    known = fold(rows, end - days, end).order_by("customer_id").to_pandas()
    models = Models.fit(known, wanted)
    told = estimated(known, models, wanted)
    held = Held.of(known, told, days)
    on = f"{name}, {wanted.model}, {days} days held out, {held.customers} customers"
    figures = held.columns()
    keep(__file__, "expected_to_real", figures["expected_to_real"], on=on)
    for rule, label in (("rate", "same rate as so far"), ("recent", "recency rule")):
        of = {"against": label, "on": on}
        keep(__file__, "rmse", held.rmse("expected"), reference=held.rmse(rule), **of)
        keep(__file__, "mae", held.mae("expected").value, reference=held.mae(rule).value, **of)
        for power, what in ((1, "absolute"), (2, "squared")):
            less = Figure.of(held.absolute("expected") ** power - held.absolute(rule) ** power)
            sys.stdout.write(
                f"  {what} error less that of the {label}: {less.value:.3f} "
                f"[{less.low:.3f}, {less.high:.3f}]\n"
            )
    keep(__file__, "rank_correlation", figures["rank_correlation"], on=on,
         against="same rate as so far", reference=figures["rate_rank_correlation"])  # fmt: skip
    keep(__file__, "spend_mae", figures["spend_mae"], on=on, against="same rate as so far",
         reference=figures["rate_spend_mae"])  # fmt: skip
    keep(
        __file__, "auc", figures["auc"], on=on, against="recency", reference=figures["recency_auc"]
    )
    keep(__file__, "brier", figures["brier"], on=on, against="share of all",
         reference=figures["share_brier"])  # fmt: skip
    if days == HORIZONS[-1]:
        calibrated(known, told, held, models)


def calibrated(known: pd.DataFrame, told: dict, held: Held, models: Models) -> None:
    """Print expected and real purchases by tenth of value and by band of p_alive."""
    often = known["frequency"].to_numpy(float)
    groups = {"tenth": tenths(told["clv"]), "band": bands(told["p_alive"], often, models)}
    rows = pd.DataFrame({"expected": held.expected, "came": held.came,
                         "buys": held.buys, "bought": held.came > 0})  # fmt: skip
    for group in groups.values():
        table = rows.assign(customers=1).groupby(group)
        found = table.agg({"customers": "sum", **dict.fromkeys(rows, "mean")})
        sys.stdout.write(found.round(3).to_string() + "\n")


def timed(python: str | None) -> None:
    """Tell the seconds of simulated customers, beside lifetimes if there is one."""
    histories, (often, mean) = buyers(1_000_000), spenders(1_000_000)
    begun = perf_counter()
    models = Models(Buying.fit(histories), Spending.fit(often, mean))
    fitted = perf_counter()
    customers = pd.DataFrame({"frequency": histories.frequency, "recency": histories.recency,
                              "age": histories.age, "valued": often, "value": mean})  # fmt: skip
    estimated(customers, models, LifetimeSettings())
    on = "1,000,000 simulated customers"
    keep(__file__, "fit_seconds", fitted - begun, on=on)
    keep(__file__, "estimate_seconds", perf_counter() - fitted, on=on)
    if python is None:
        return
    few = Histories(*(column[:100_000] for column in vars(histories).values()))
    begun = perf_counter()
    found = Buying.fit(few)
    seconds = perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "histories.npz"
        np.savez(file, x=few.frequency, recency=few.recency, age=few.age)
        run = subprocess.run([python, "-c", LIFETIMES, file], capture_output=True, check=True)
    said = json.loads(run.stdout)
    apart = np.max(
        np.abs(np.array([found.r, found.alpha, found.a, found.b]) / said["parameters"] - 1)
    )
    on = f"100,000 simulated customers, parameters within {apart:.1g} of each other"
    keep(__file__, "fit_seconds", seconds, on=on, against="lifetimes", reference=said["seconds"])


def main() -> None:
    """Measure, print and keep."""
    for name, bought in shops():
        for days in HORIZONS:
            for model in ("bg_nbd", "mbg_nbd"):
                judge(name, bought, LifetimeSettings(model=model, horizon_days=days))
    timed(sys.argv[1] if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main()
