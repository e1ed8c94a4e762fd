"""What staff must not say, message by message, and what people found of it (requirement N31)."""

from __future__ import annotations

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from scipy.stats import binomtest

from insights.alerts.chats import described
from insights.compliance.register import Verdicts
from insights.compliance.scan import broken
from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Beside, Finding
from insights.tables import Tables

_ID = 16  # characters of a case's id


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member a message and rule of staff that it breaks, with its verdict."""
    rows = described(ibis.memtable(broken(tables)), tables).mutate(
        record_id=_.message_id + "#" + _.rule, value=ibis.literal(1.0)
    )
    latest = Verdicts(tables.workspace).latest().values()
    known = ibis.memtable(
        {"case": [one.case for one in latest], "found": [one.verdict for one in latest]},
        schema={"case": "string", "found": "string"},
    )
    rows = rows.mutate(case=_.record_id.hexdigest("md5").substr(0, _ID))
    rows = rows.left_join(known, "case").drop("case_right")
    return rows.mutate(verdict=_.found.fill_null("open")).mutate(
        open=(_.verdict == "open").cast("int64"),
        confirmed=(_.verdict == "confirmed").cast("int64"),
        false_alarms=(_.verdict == "false_alarm").cast("int64"),
    )


def _precise(table: pd.DataFrame, _tables: Tables, _filters: Filters) -> pd.DataFrame:
    """Add the share of judged cases that were breaches, with Wilson's 95 % interval."""
    shares, lows, highs = [], [], []
    for row in table.to_dict("records"):
        true, judged = int(row["confirmed"] or 0), 0
        judged = true + int(row["false_alarms"] or 0)
        ends = binomtest(true, judged).proportion_ci(method="wilson") if judged else None
        shares.append(true / judged if judged else None)
        lows.append(ends.low if ends else None)
        highs.append(ends.high if ends else None)
    added = {"precision": shares, "precision_low": lows, "precision_high": highs}
    return table.assign(**{name: pd.Series(told, dtype="float64", index=table.index)
                           for name, told in added.items()})  # fmt: skip


VIOLATIONS = Finding(
    name="violations",
    title="What staff must not say",
    title_zh="员工违规话术",
    formula=(
        "public messages of staff, recalled ones too, that hold words or patterns of a rule of "
        "conf/alert (kind words, who human; its `only` does not count) and none of its exceptions; "
        "a message that breaks two rules is two cases; precision is confirmed / (confirmed + "
        "false alarms), with Wilson's 95 % interval, n/a until anybody judged one"
    ),
    unit="cases",
    action=(
        "Judge the open ones: python -m insights.case. Where precision is low, look at "
        "by=[rule,matched] and add what misled the rule to its `unless`."
    ),
    members=_members,
    groups=("rule", "agent"),
    dimensions=(*CALENDAR, *CONVERSATION, "category", "rule", "severity", "verdict", "matched"),
    beside={name: Beside(name, "sum") for name in ("open", "confirmed", "false_alarms")},
    finish=_precise,
    chart="bar",
    charted="count",
    brief=("count", "open", "confirmed", "false_alarms", "precision", "precision_low",
           "precision_high", "simulated_share"),
)  # fmt: skip
FINDINGS = (VIOLATIONS,)
