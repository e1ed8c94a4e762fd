"""A turn that means nothing alone is read with the earlier one that it refers to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError

from features.text.context.elliptic import ContextRules, incomplete
from features.text.context.windows import CONTEXT, Turn, Window, resolve, windows, write_context
from features.text.embedding.embed import Embedder
from features.text.taxonomy.classify import FewShotClassifier
from features.text.taxonomy.taxonomy import named_taxonomy
from ingest.store import Store

FILE = Path(__file__).resolve().parents[3] / "golden/text/context.yaml"
DIALOGUES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
AT = datetime(2024, 5, 1, tzinfo=UTC)
ROLES = {"c": "customer", "a": "agent"}


def turns(said: list[str], gap: float = 1, conversation: str = "v") -> list[Turn]:
    """Return turns a minute apart, the last one after ``gap`` minutes."""
    found = []
    for number, line in enumerate(said):
        role, text = line.split(": ", 1)
        last = number == len(said) - 1
        at = AT + timedelta(minutes=number + (gap - 1 if last else 0))
        found.append(Turn(conversation, ROLES[role], text, at))
    return found


def last(dialogue: dict[str, Any]) -> Window:
    return windows(turns(dialogue["turns"], dialogue.get("gap", 1)))[-1]


def test_the_golden_set_is_large_and_has_negatives() -> None:
    assert len(DIALOGUES) >= 40
    assert sum(row["uses"] is None for row in DIALOGUES) >= 12
    codes = set(named_taxonomy("service_intents").codes)
    assert {row["intent"] for row in DIALOGUES} <= codes


@pytest.mark.parametrize("first", [0, 1], ids=["seen", "held out"])
def test_the_right_turn_is_used(first: int) -> None:
    rows = DIALOGUES[first::2]
    right = [last(row).uses == row["uses"] for row in rows]
    assert sum(right) / len(rows) >= 0.95


@pytest.mark.parametrize("first", [0, 1], ids=["seen", "held out"])
def test_intents_are_found_with_the_window_that_are_not_without(
    embedder: Embedder, first: int
) -> None:
    rows = DIALOGUES[first::2]
    taxonomy = named_taxonomy("service_intents")
    classify = FewShotClassifier(taxonomy=taxonomy, vectors=embedder.vectors, threshold=-1)

    def accuracy(texts: list[str]) -> float:
        found = classify.analyze(texts)["service_intents"].to_pylist()
        return sum(a == row["intent"] for a, row in zip(found, rows, strict=True)) / len(rows)

    without = accuracy([row["turns"][-1][3:] for row in rows])
    within = accuracy([last(row).text for row in rows])
    assert without < 0.55
    assert within > 0.82


def test_who_is_asked_and_why() -> None:
    found = windows(turns(["a: 推荐您试试我们的新款水壶", "c: 那个多少钱", "c: 白色的呢"]))
    assert found[1] == Window("推荐您试试我们的新款水壶 那个多少钱", 0, "pronoun")
    assert found[2].uses == 0
    assert found[2].reason == "ellipsis"


def test_an_answer_is_read_with_the_question() -> None:
    assert (
        resolve(turns(["a: 请问您要什么颜色的杯子", "c: 蓝色"]))[-1]
        == "请问您要什么颜色的杯子 蓝色"
    )
    assert resolve(turns(["a: 您好，我是小美", "c: 蓝色"]))[-1] == "蓝色"


def test_silence_ends_what_may_be_referred_to() -> None:
    said = ["c: 这款毛衣有红色的吗", "c: 那个呢"]
    assert windows(turns(said, gap=29))[-1].uses == 0
    assert windows(turns(said, gap=31))[-1] == Window("那个呢")
    assert windows(turns(said, gap=31), ContextRules(silence=60))[-1].uses == 0


def test_other_conversations_are_never_used() -> None:
    first = turns(["c: 这款毛衣有红色的吗"], conversation="v")
    second = turns(["c: Which lamp is brighter"], conversation="w")
    mixed = [*first, *second, *turns(["c: 那个呢"], conversation="w")]
    assert windows(mixed)[-1].uses == 1
    assert windows([*first, *turns(["c: 那个呢"], conversation="w")])[-1].uses is None


@pytest.mark.parametrize(
    "text", ["我要退款", "请帮我查一下昨天买的那个杯子发货了没有", "谢谢", "", "👍", "好的", "?",
             "I want to talk to a human", "My headphones stopped working after one week"],
)  # fmt: skip
def test_what_is_complete_is_left_alone(text: str) -> None:
    assert incomplete(text, ContextRules()) == ""
    before = turns(["c: 这款毛衣有红色的吗"])
    assert resolve([*before, Turn("v", "customer", text, AT)])[-1] == text


def test_agents_are_never_resolved() -> None:
    assert resolve(turns(["c: 这款毛衣有红色的吗", "a: 那个有"]))[-1] == "那个有"


def test_only_so_many_turns_back_count() -> None:
    said = ["c: 这款毛衣有红色的吗", *["a: 好的"] * 9, "c: 那个呢"]
    assert windows(turns(said))[-1].uses is None
    assert windows(turns(said), ContextRules(back=20))[-1].uses == 0
    with pytest.raises(ValidationError, match="silence"):
        ContextRules(silence=0)


def test_windows_of_a_store_are_written(
    store: Store, tmp_path: Path, add_message: Callable[..., None]
) -> None:
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("m1", "这款毛衣有红色的吗", {}),
        ("m2", "稍等", {"sender_role": "agent"}),
        ("m3", "那条围巾打折吗", {"recalled": True}),
        ("m4", "你撤回了一条消息", {}),
        ("m5", "那个呢!!", {}),
        ("m6", "那个呢", {"conversation_id": "w"}),
    ]
    for number, (name, text, more) in enumerate(said):
        at = AT + timedelta(minutes=number)
        add_message(store, name, text, occurred_at=at, available_at=at, **more)
    path = write_context(tmp_path, store)
    assert pq.read_table(path, schema=CONTEXT).to_pylist() == [
        {
            "text_id": "m5",
            "window": "这款毛衣有红色的吗 那个呢!",
            "uses": "m1",
            "reason": "pronoun",
        },
    ]
    made = path.stat().st_mtime_ns
    assert write_context(tmp_path, store).stat().st_mtime_ns == made
    write_context(tmp_path, store, ContextRules(silence=0.01))
    assert pq.read_table(path).num_rows == 0
