"""Write our splits where other libraries can read them: ``data/side_by_side/<dataset>``."""

from __future__ import annotations

import shutil
import sys

from questions import Question, questions

from training.answers import relevant_pairs


def export(question: Question) -> None:
    """Write ``train.csv`` and ``asked.csv``; the relevant items stay here."""
    shutil.rmtree(question.folder, ignore_errors=True)  # rankings of other data
    question.folder.mkdir(parents=True)
    rows = question.split.train.frame
    pairs = rows.groupby(["customer_id", "item_id"], sort=True)["occurred_at"].agg(["size", "max"])
    train = pairs.reset_index().rename(columns={"size": "count", "max": "last"})
    train["last"] = train["last"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    train.to_csv(question.folder / "train.csv", index=False)
    asked = relevant_pairs(question.split, question.plan.task)[["customer_id"]].drop_duplicates()
    asked.to_csv(question.folder / "asked.csv", index=False)
    sys.stdout.write(f"{question.folder}: {len(train):,} pairs, {len(asked):,} customers asked\n")


if __name__ == "__main__":
    for each in questions():
        export(each)
