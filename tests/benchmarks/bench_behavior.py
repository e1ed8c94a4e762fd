"""What Ibis costs beside plain DuckDB SQL for the same behavior table.

Run: ``python tests/benchmarks/bench_behavior.py [workspace]`` after ``python -m ingest``. Both read
the same stored tables and compute ``customer_behavior`` as of five times; the results are compared
value by value. Results go to ``data/reports/speed.json``.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import UTC, datetime

from ingest.runtime import prepare

prepare()

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from kept import keep  # noqa: E402

from features.behavior.customers import customer_behavior  # noqa: E402
from features.behavior.pairs import pairs  # noqa: E402
from features.behavior.settings import BehaviorSettings  # noqa: E402
from features.behavior.tables import open_tables  # noqa: E402
from ingest.store import Store  # noqa: E402
from ingest.workspace import Workspace  # noqa: E402

TIMES = [
    int(datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=UTC).timestamp())
    for day in ("2017-08-03", "2017-09-02", "2017-10-02", "2017-11-01", "2018-01-02")
]
ROUNDS = 3
SETTINGS = BehaviorSettings()

PREPARE = """
CREATE TEMP TABLE touches AS SELECT customer_id, item_id, kind, nullif(price, 0) AS price,
    CASE WHEN kind = 'purchase' THEN coalesce(value, price * coalesce(quantity, 1)) END AS spend,
    epoch(occurred_at)::BIGINT AS happened, epoch(available_at)::BIGINT AS known FROM events;
CREATE TEMP TABLE catalog AS SELECT item_id, category, split_part(category, ' > ', 1) AS top, brand,
    price AS listed FROM items;
CREATE TEMP TABLE people AS SELECT customer_id, epoch(first_seen_at)::BIGINT AS first_seen
    FROM customers;
"""

BEHAVIOR = """
WITH acts AS (SELECT * FROM touches WHERE known < $t AND kind = 'purchase' AND item_id IS NOT NULL),
known AS (
    SELECT customer_id, ($t - min(happened)) / 86400.0 AS tenure_days FROM (
        SELECT customer_id, happened FROM touches WHERE known < $t
        UNION ALL SELECT customer_id, first_seen FROM people WHERE first_seen < $t) GROUP BY 1),
totals AS (
    SELECT customer_id, ($t - max(happened)) / 86400.0 AS recency_days,
        count(*) FILTER (happened >= $t - 7 * 86400) AS purchases_7d,
        count(*) FILTER (happened >= $t - 28 * 86400) AS purchases_28d,
        count(*) FILTER (happened >= $t - 90 * 86400) AS purchases_90d, count(*) AS purchases,
        coalesce(sum(spend) FILTER (happened >= $t - 28 * 86400), 0) AS spend_28d,
        sum(spend) AS spend,
        avg(price) AS mean_price, count(DISTINCT happened // 86400) AS active_days,
        (max(happened // 86400) - min(happened // 86400))
            / nullif(count(DISTINCT happened // 86400) - 1, 0) AS repeat_days
    FROM acts GROUP BY 1),
prices AS (
    SELECT item_id, round(coalesce(avg(acts.price), any_value(listed)), 6) AS price,
        any_value(category) AS category
    FROM acts JOIN catalog USING (item_id) GROUP BY 1),
ranked AS (
    SELECT item_id, CASE WHEN count(*) OVER (PARTITION BY category) >= 5 AND category IS NOT NULL
        THEN percent_rank() OVER (PARTITION BY category ORDER BY price)
        ELSE percent_rank() OVER (ORDER BY price) END AS quantile
    FROM prices WHERE price IS NOT NULL),
levels AS (SELECT customer_id, avg(quantile) AS price_level FROM acts JOIN ranked USING (item_id)
    GROUP BY 1),
sessions AS (
    SELECT customer_id, count(*) FILTER (pause IS NULL OR pause > 1800) AS sessions_28d FROM (
        SELECT customer_id,
            happened - lag(happened) OVER (PARTITION BY customer_id ORDER BY happened) AS pause
        FROM touches WHERE known < $t AND happened >= $t - 28 * 86400) GROUP BY 1),
weighted AS (
    SELECT customer_id, category, top, brand,
        sum(exp(-ln(2) * ($t - happened) / 86400.0 / 60)) AS weight
    FROM acts JOIN catalog USING (item_id) GROUP BY ALL),
categories AS (
    SELECT customer_id, category AS name, sum(weight) AS part FROM weighted
        WHERE category IS NOT NULL GROUP BY ALL
    UNION ALL SELECT customer_id, top, sum(weight) FROM weighted
        WHERE category IS NOT NULL AND top <> category GROUP BY ALL),
category_lists AS (
    SELECT customer_id, list(name ORDER BY place) AS category_names,
        list((part / total)::FLOAT ORDER BY place) AS category_shares
    FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY part DESC, name) AS place
        FROM categories)
    JOIN (SELECT customer_id, sum(weight) AS total FROM weighted WHERE category IS NOT NULL
        GROUP BY 1) USING (customer_id)
    WHERE place <= 50 GROUP BY 1),
brand_lists AS (
    SELECT customer_id, list(name ORDER BY place) AS brand_names,
        list((part / total)::FLOAT ORDER BY place) AS brand_shares
    FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY part DESC, name) AS place
        FROM (SELECT customer_id, brand AS name, sum(weight) AS part FROM weighted
            WHERE brand IS NOT NULL GROUP BY ALL))
    JOIN (SELECT customer_id, sum(weight) AS total FROM weighted WHERE brand IS NOT NULL
        GROUP BY 1) USING (customer_id)
    WHERE place <= 20 GROUP BY 1)
SELECT * FROM known LEFT JOIN totals USING (customer_id) LEFT JOIN levels USING (customer_id)
    LEFT JOIN sessions USING (customer_id) LEFT JOIN category_lists USING (customer_id)
    LEFT JOIN brand_lists USING (customer_id)
"""


def by_ibis(store: Store) -> list[pd.DataFrame]:
    """Return the five tables as the product computes them."""
    _connection, tables = open_tables(store, SETTINGS.acts)
    found = []
    for moment in TIMES:
        known = pairs(tables, moment, SETTINGS.half_life_days).cache()
        found.append(customer_behavior(tables, known, moment, SETTINGS).to_pandas())
    return found


def by_sql(store: Store) -> list[pd.DataFrame]:
    """Return the five tables by plain SQL."""
    connection = duckdb.connect()
    for name in ("events", "items", "customers"):
        connection.register(name, store.dataset(name))
    connection.execute(PREPARE)
    return [connection.execute(BEHAVIOR, {"t": moment}).df() for moment in TIMES]


def check_equal(ours: pd.DataFrame, plain: pd.DataFrame) -> None:
    """Stop if the two tables differ."""
    left = ours.set_index("customer_id").sort_index()
    right = plain.set_index("customer_id").sort_index()
    assert list(left.index) == list(right.index)
    for column in right:
        if column.endswith("_names"):
            # Where the last places are tied to the last bit, either order is right.
            same = [
                len(a) == len(b) and len(set(a) ^ set(b)) <= 4
                for a, b in zip(left[column], right[column], strict=True)
                if isinstance(a, np.ndarray)
            ]
            assert all(same), column
        elif column.endswith("_shares"):
            for a, b in zip(left[column], right[column], strict=True):
                if isinstance(a, np.ndarray):
                    np.testing.assert_allclose(a, b, rtol=1e-4, err_msg=column)
        else:
            filled = right[column].fillna(0) if left[column].notna().all() else right[column]
            # Mean prices that are equal but for the last bit may be rounded to different ranks.
            slack = 1e-3 if column == "price_level" else 0.0
            np.testing.assert_allclose(
                left[column].to_numpy("float64"),
                filled.to_numpy("float64"),
                rtol=1e-6,
                atol=slack,
                err_msg=column,
            )


def main() -> None:
    """Measure, print and keep the figures."""
    workspace = sys.argv[1] if len(sys.argv) > 1 else "demo"
    store = Store(Workspace.named(workspace).store)
    seconds: dict[str, list[float]] = {"ibis": [], "sql": []}
    for turn in range(ROUNDS):
        start = time.perf_counter()
        ours = by_ibis(store)
        middle = time.perf_counter()
        plain = by_sql(store)
        seconds["ibis"].append(middle - start)
        seconds["sql"].append(time.perf_counter() - middle)
        if turn == 0:
            for left, right in zip(ours, plain, strict=True):
                check_equal(left, right)
    ratio = statistics.median(a / b for a, b in zip(seconds["ibis"], seconds["sql"], strict=True))
    keep(
        __file__,
        "seconds",
        statistics.median(seconds["ibis"]),
        on=(
            f"{workspace}, {store.dataset('events').count_rows()} events, customer_behavior as of "
            f"{len(TIMES)} times, equal tables"
        ),
        against="the same table by plain DuckDB SQL",
        reference=statistics.median(seconds["sql"]),
        ratio=ratio,
    )


if __name__ == "__main__":
    main()
