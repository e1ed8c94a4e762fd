"""Customer value and churn of a shop whose customers are drawn from the model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.answer import Answer
from insights.charts import draw
from insights.filters import Filters
from insights.lifetime.customers import NOT_MEASURED, customers
from insights.lifetime.estimate import ONCE, Models, estimated
from insights.lifetime.histories import fold
from insights.lifetime.settings import LifetimeSettings
from insights.registry import find
from insights.settings import InsightSettings
from insights.tables import Tables

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
DAYS, MANY = 360, 400


def purchases(valued: bool = True) -> list[dict[str, Any]]:
    """Return a year of purchases; who buys at odd numbers buys at twice the price."""
    chance, rows = np.random.default_rng(11), []
    for number in range(MANY):
        rate, leave = chance.gamma(1.0, 1 / 25), chance.beta(1.0, 4.0)
        day, price = chance.uniform(0, 200), 10.0 * (1 + number % 2)
        while day < DAYS:
            paid = price * chance.uniform(0.5, 1.5) if valued else None
            name = f"c{number:03d}"
            rows.append({"customer_id": name, "source": "shop", "day": day, "price": paid})
            if chance.random() < leave:
                break
            day += chance.exponential(1 / rate)
    return rows


def write(root: Path, rows: list[dict[str, Any]], **lifetime: Any) -> Tables:
    workspace = Workspace.named("shop", root)
    told = []
    for number, row in enumerate(rows):
        at = START + timedelta(days=float(row["day"]))
        told.append({"event_id": f"e{number}", "kind": row.get("kind", "purchase"), "quantity": 2.0,
                     "price": row["price"], "customer_id": row["customer_id"],
                     "source": row["source"], "occurred_at": at, "available_at": at})  # fmt: skip
    schema = canonical("events").schema
    Store(workspace.store).add("events", pa.Table.from_pylist(told, schema))
    gold = {"customer_id": "c001", "source": "shop", "attributes": '{"segment": "gold"}'}
    gold |= {"occurred_at": START, "available_at": START}
    store = Store(workspace.store)
    store.add("customers", pa.Table.from_pylist([gold], canonical("customers").schema))
    return Tables(workspace, InsightSettings.model_validate({"lifetime": lifetime}))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("value"), purchases())


@pytest.mark.parametrize(
    ("name", "by"),
    [("customer_value", ["segment", "source"]), ("churn", None), ("churn", [])],
)
def test_every_number_opens_into_as_many_customers(
    name: str, by: list[str] | None, tables: Tables
) -> None:
    finding, filters = find(name), Filters(zone="Asia/Shanghai")
    table = finding.table(tables, filters, by)
    groups = list(finding.split_by(by))
    assert table["count"].sum() == MANY
    for row in table.to_dict("records"):
        opened = finding.drill(tables, filters, {each: row[each] for each in groups})
        assert len(opened) == row["count"]
        assert opened["customer_id"].is_unique
        assert opened["value"].mean() == pytest.approx(row["mean"])


def test_the_most_valuable_come_first(tables: Tables) -> None:
    opened = find("customer_value").drill(tables, Filters())
    assert opened["clv"].is_monotonic_decreasing
    assert opened["tenth"].is_monotonic_increasing
    table = find("customer_value").table(tables, Filters())
    assert table["mean"].is_monotonic_decreasing
    assert table["count"].tolist() == [MANY // 10] * 10
    assert table["total"].sum() == pytest.approx(opened["clv"].sum())
    dear, cheap = (opened["customer_id"].str[-1].isin(list(ends)) for ends in ("13579", "02468"))
    assert opened["purchase_value"][dear].mean() > 35  # 40, drawn towards the mean of all
    assert opened["purchase_value"][cheap].mean() < 25


def test_those_with_most_at_risk_come_first(tables: Tables) -> None:
    (low,) = find("churn").table(tables, Filters()).head(1).to_dict("records")
    opened = find("churn").drill(tables, Filters(), {"band": low["band"]})
    assert (opened["p_alive"] < 0.2).all()
    assert opened["value_at_risk"].is_monotonic_decreasing
    assert opened["value_at_risk"].sum() == pytest.approx(low["at_risk"])
    named = {"p_alive", "expected_purchases", "clv", "last_bought", "purchases"}
    assert named <= set(opened.columns)


def test_the_error_of_the_days_held_out_stands_beside(tables: Tables) -> None:
    held = customers(tables, Filters()).held
    assert held is not None
    figures = held.columns()
    assert 0.8 < figures["expected_to_real"] < 1.25
    assert figures["rmse"] < min(figures["rate_rmse"], figures["recency_rmse"])
    assert figures["mae"] < figures["rate_mae"]
    assert figures["auc"] > 0.6
    table = find("churn").table(tables, Filters())
    assert table["then_customers"].sum() == held.customers
    real = (table["then_share"] * table["then_customers"]).sum() / held.customers
    assert real == pytest.approx(100 * (held.came > 0).mean())
    answer = Answer(find("churn"), Filters(), "30 min", table)
    assert "mean absolute error" in answer.caption
    assert "same rate as so far" in answer.caption
    assert draw(answer, "bar").startswith("<svg")


def test_only_what_was_known_counts(tables: Tables) -> None:
    until = START + timedelta(days=300)
    then = customers(tables, Filters(until=until))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    known = [
        {"customer_id": row["customer_id"], "source": "shop", "spent": 2 * row["price"],
         "day": (START + timedelta(days=row["day"]) - epoch).days}
        for row in purchases() if row["day"] < 300
    ]  # fmt: skip
    end = max(row["day"] for row in known)
    folded = fold(ibis.memtable(pd.DataFrame(known)), end).order_by("customer_id").to_pandas()
    models = Models.fit(folded, LifetimeSettings())
    assert models.buying == then.models.buying
    assert then.table["customer_id"].to_pylist() == folded["customer_id"].tolist()
    expected = estimated(folded, models, LifetimeSettings())
    for name in ("p_alive", "clv"):
        assert then.table[name].to_numpy() == pytest.approx(expected[name])
    assert max(then.table["last_bought"].to_pylist()) <= until.date().isoformat()


def test_segments_and_single_customers_are_selected(tables: Tables) -> None:
    gold = find("customer_value").drill(tables, Filters(segment=("gold",)))
    assert gold["customer_id"].tolist() == ["c001"]
    whole = find("customer_value").drill(tables, Filters())
    (all_of,) = whole[whole["customer_id"] == "c001"]["clv"]
    assert gold["clv"].tolist() == [all_of]  # the models are those of all customers
    with pytest.raises(ValueError, match="cannot be filtered by channel"):
        find("churn").table(tables, Filters(channel=("web",)))
    assert find("churn").filtered_by == ("customer", "source", "segment")


@pytest.fixture(scope="module")
def unpaid(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    told = {"model": "bg_nbd", "horizon_days": 350}
    return write(tmp_path_factory.mktemp("unpaid"), purchases(valued=False), **told)


def test_without_values_there_is_churn_but_no_money(unpaid: Tables) -> None:
    opened = find("churn").drill(unpaid, Filters())
    assert len(opened) == MANY
    assert opened["clv"].isna().all()
    assert opened["purchases_at_risk"].is_monotonic_decreasing
    with pytest.raises(ValueError, match="look at `churn`, which needs no values"):
        find("customer_value").table(unpaid, Filters())


def test_a_short_history_has_no_measured_error(unpaid: Tables) -> None:
    table = find("churn").table(unpaid, Filters())
    assert table["band"].tolist()[-1] == ONCE  # BG/NBD cannot tell whether they left
    assert set(table["error"]) == {NOT_MEASURED}
    assert "mae" not in table


def test_too_few_customers_are_refused_with_the_reason(tmp_path: Path) -> None:
    few = [row for row in purchases() if row["customer_id"] < "c020"]
    tables = write(tmp_path, [*few, *({**row, "kind": "view"} for row in purchases())])
    for name in ("customer_value", "churn"):
        with pytest.raises(ValueError, match=r"need 50 customers .* found \d+ among 20 customers"):
            find(name).table(tables, Filters())
    with pytest.raises(ValueError, match="found 0 among 0 customers"):
        find("churn").drill(tables, Filters(until=START))
