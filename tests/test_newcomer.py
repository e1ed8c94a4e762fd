"""A newcomer's own data: the README's commands, read from the README, on three CSV files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

HOUSE = Path(__file__).resolve().parents[1]
KINDS = {"tea": range(15), "coffee": range(15, 30), "sugar": range(30, 36)}
TASTES = {
    f"b{buyer:02d}": [
        f"S{number:02d}"
        for kind in ("tea" if buyer % 2 else "coffee", "sugar")
        for number in KINDS[kind]
    ]
    for buyer in range(60)
}


def section() -> str:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    return readme.split("## Your own data in five minutes")[1].split("\n## ")[0]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", section(), re.DOTALL)
    assert found is not None, f"the section shows no {language} block"
    return found[1]


def write_shop(folder: Path) -> None:
    """60 buyers of two tastes: tea drinkers buy tea, coffee drinkers coffee, all buy sugar."""
    rng = np.random.default_rng(7)
    folder.mkdir()
    names = {number: kind for kind, numbers in KINDS.items() for number in numbers}
    pd.DataFrame(
        {
            "sku": [f"S{number:02d}" for number in names],
            "name": [f"{kind} number {number}" for number, kind in names.items()],
            "category": [f"drinks > {kind}" for kind in names.values()],
            "price": [2.5 + number / 10 for number in names],
        }
    ).to_csv(folder / "items.csv", index=False)
    signed_up = pd.date_range("2025-01-01", periods=60, freq="D").strftime("%Y-%m-%d")
    customers = pd.DataFrame({"buyer": list(TASTES), "signed_up": signed_up})
    customers.to_csv(folder / "customers.csv", index=False)
    rows = []
    for buyer, taste in TASTES.items():
        for day in np.sort(rng.integers(0, 150, size=30)):
            sku = rng.choice(taste)
            at = pd.Timestamp("2025-03-01") + pd.Timedelta(days=int(day), minutes=int(day) * 7)
            rows.append((buyer, sku, at.isoformat(), int(rng.integers(1, 4)), 3.5))
    columns = ["buyer", "sku", "bought_at", "quantity", "price"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "events.csv", index=False)


@pytest.mark.slow
def test_the_readme_leads_from_files_to_recommendations(tmp_path: Path) -> None:
    write_shop(tmp_path / "my_data")
    (tmp_path / "my_mapping.yaml").write_text(block("yaml"), encoding="utf-8")
    commands = [line for line in block("bash").splitlines() if line.startswith("python -m ")]
    assert len(commands) >= 5
    for command in commands:
        words = [sys.executable, *command.split()[1:]]
        run = subprocess.run(
            words, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{command}\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}"
    rows = pq.read_table(
        tmp_path / "data" / "my_shop" / "recommendations" / "recommendations.parquet"
    ).to_pandas()
    assert set(rows["customer_id"]) == set(TASTES)
    assert rows.groupby("customer_id").size().between(1, 10).all()
    assert rows["reason"].str.len().gt(5).all()
    bought = pd.read_csv(tmp_path / "my_data" / "events.csv").groupby("buyer")["sku"].agg(set)
    ranked = rows.sort_values("rank").groupby("customer_id")["item_id"].agg(list)
    for buyer, taste in TASTES.items():
        left = set(taste) - bought[buyer]
        assert set(ranked[buyer][: len(left)]) == left, "what is left of one's taste comes first"
