"""Sessions against a plain reading of their definition, with gaps that differ by channel."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.conversations.messages import SPOKEN
from insights.conversations.sessions import sessionize
from insights.functions import MINUTE
from insights.settings import SessionSettings

SETTINGS = SessionSettings(gap_minutes=30, channel_gap_minutes={"email": 240, "phone": 5})
COLUMNS = (
    *("message_id", "source", "conversation_id", "customer_id", "agent_id"),
    *("channel", "at", "what", "detail"),
)

said = st.fixed_dictionaries(
    {
        "at": st.integers(0, 900),
        "source": st.sampled_from(["slack", "wecom", "desk"]),
        "conversation_id": st.sampled_from(["r1", "r2"]),
        "customer_id": st.sampled_from(["ann", "bo", None]),
        "channel": st.sampled_from(["email", "phone", "unknown"]),
        "what": st.sampled_from(["customer", "human", "bot", "aside", "hidden", "resolved"]),
    }
)


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    more = [
        row
        | {"message_id": f"m{n:03d}", "at": row["at"] * MINUTE, "agent_id": None, "detail": None}
        for n, row in enumerate(rows)
    ]
    texts = dict.fromkeys([name for name in COLUMNS if name != "at"], "string")
    return pd.DataFrame(more, columns=COLUMNS).astype(texts)


def cut(rows: pd.DataFrame, chosen: SessionSettings) -> dict[str, tuple[str, Any]]:
    found = sessionize(ibis.memtable(rows), chosen).to_pandas()
    assert sorted(found["message_id"]) == sorted(rows["message_id"])  # each message in one session
    told = zip(found["message_id"], found["conversation_id"], found["gap_minutes"], strict=True)
    return {name: (session, gap) for name, session, gap in told}


def lanes(rows: pd.DataFrame) -> dict[tuple[str, str, str], list[Any]]:
    """Return the rows of each source, room and customer: agents speak with who spoke last."""
    found: dict[tuple[str, str, str], list[Any]] = {}
    ordered = rows.sort_values(["at", "message_id"])
    for (source, room), part in ordered.groupby(["source", "conversation_id"]):
        party = part["customer_id"].ffill().bfill().fillna("")
        for row, who in zip(part.itertuples(), party, strict=True):
            found.setdefault((str(source), str(room), who), []).append(row)
    return found


def expected(rows: pd.DataFrame) -> dict[str, int]:
    """Return message -> beginning of its session, in minutes."""
    starts: dict[str, int] = {}
    for lane in lanes(rows).values():
        spoken, begins, reached = None, [], []
        for row in lane:
            gap = SETTINGS.channel_gap_minutes.get(row.channel, SETTINGS.gap_minutes) * MINUTE
            if row.what in SPOKEN and (spoken is None or row.at - spoken > gap):
                begins.append(row.at)
            if row.what in SPOKEN:
                spoken = row.at
            reached.append(len(begins))
        for row, count in zip(lane, reached, strict=True):
            first = begins[0] if begins else lane[0].at
            starts[row.message_id] = (begins[count - 1] if count else first) // MINUTE
    return starts


@settings(max_examples=4, deadline=None)
@given(st.lists(said, min_size=20, max_size=80))
def test_sessions_are_cut_where_their_definition_says(given_rows: list[dict[str, Any]]) -> None:
    rows = table(given_rows)
    found = cut(rows, SETTINGS)
    starts = expected(rows[rows["source"] != "desk"])
    for row in rows.itertuples():
        session, gap = found[row.message_id]
        if row.source == "desk":
            assert session == row.conversation_id
            assert pd.isna(gap)
            continue
        start = pd.Timestamp(starts[row.message_id] * MINUTE, unit="us")
        assert session.startswith(f"{row.conversation_id}~")
        assert session.endswith(f"~{start:%Y-%m-%dT%H:%M:%SZ}")
        assert gap == SETTINGS.channel_gap_minutes.get(row.channel, SETTINGS.gap_minutes)


@settings(max_examples=3, deadline=None)
@given(st.lists(said, min_size=20, max_size=60), st.integers(1, 19))
def test_later_messages_never_rename_a_session(
    given_rows: list[dict[str, Any]], count: int
) -> None:
    ordered = sorted((row | {"customer_id": row["customer_id"] or "ann"} for row in given_rows),
                     key=lambda row: row["at"])  # fmt: skip
    rows = table(ordered)
    before = cut(rows.head(count), SETTINGS)
    after = cut(rows, SETTINGS)
    loud = rows.head(count)[rows.head(count)["what"].isin(SPOKEN)]["message_id"]
    assert {name: before[name][0] for name in loud} == {name: after[name][0] for name in loud}


def test_without_streams_nothing_is_cut() -> None:
    rows = table([{"at": 0, "source": "slack", "conversation_id": "r", "customer_id": "ann",
                   "channel": "email", "what": "customer"}])  # fmt: skip
    assert cut(rows, SessionSettings(sources=()))["m000"][0] == "r"
