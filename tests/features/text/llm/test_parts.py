"""Settings, quotations, the veil over personal data, tasks; and that none of it is ever needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import ValidationError

from features.text.llm.analyzer import LlmAnalyzer
from features.text.llm.quotes import locate
from features.text.llm.settings import LlmSettings, is_local
from features.text.llm.task import FOLDER, Asked, Task, named_task
from features.text.llm.veil import veiled
from features.text.pii.recognize import find_pii
from features.text.taxonomy.taxonomy import named_taxonomy

HOUSE = Path(__file__).resolve().parents[4]
HERE = LlmSettings(base_url="http://127.0.0.1:8080/v1", model="local")
OUTSIDE = (
    "https://api.openai.com/v1", "http://8.8.8.8/v1", "http://169.254.169.254/latest",
    "http://llm.internal/v1", "http://0.0.0.0:8080/v1", "http://127.1/v1", "http://2130706433/v1",
    "http://localhost.example.com/v1", "http://172.32.0.1/v1", "http://[2001:db8::1]/v1",
    "http://[::ffff:8.8.8.8]/v1",
)  # fmt: skip
ODD = (
    "http://127.0.0.1@evil.example/v1", "http://127.0.0.1\\@evil.example/v1", "ftp://127.0.0.1/v1",
    "http://127.0.0.1/v1?to=evil", "http://127.0.0.1#@evil.example", "127.0.0.1:8080", "",
    "http://127.0.0.1/v1\n.evil.example",
)  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080/v1", "http://LOCALHOST/v1", "http://127.0.0.1:1/v1", "https://10.2.3.4",
     "http://172.31.0.1/v1", "http://192.168.0.9/v1", "http://[::1]:8080/v1", "http://[fd00::1]/v1"],
)  # fmt: skip
def test_local_endpoints_are_allowed(url: str) -> None:
    assert LlmSettings(base_url=url, model="m").local_only


@pytest.mark.parametrize("url", OUTSIDE)
def test_local_only_refuses_other_endpoints_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ValidationError, match=r"local_only allows localhost .* local_only: false"):
        LlmSettings(base_url=url, model="m")
    assert not LlmSettings(base_url=url, model="m", local_only=False).local_only


@pytest.mark.parametrize("url", ODD)
def test_addresses_that_can_be_read_in_two_ways_are_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="expected an address such as"):
        LlmSettings(base_url=url, model="m", local_only=False)


def test_settings_say_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="expected input_price or output_price"):
        LlmSettings(base_url=HERE.base_url, model="m", max_cost=1)
    with pytest.raises(ValidationError, match=r"api_key\n.*Extra inputs"):
        LlmSettings(base_url=HERE.base_url, model="m", api_key="sk-1")  # type: ignore[call-arg]
    monkeypatch.delenv("HUAXIANG_LLM_KEY", raising=False)
    assert HERE.api_key() == "none"
    far = LlmSettings(base_url="https://llm.example/v1", model="m", local_only=False)
    with pytest.raises(ValueError, match="variable HUAXIANG_LLM_KEY: expected the key"):
        far.api_key()
    assert not is_local("")


@pytest.mark.parametrize(
    ("quote", "source", "found"),
    [
        ("慢", "太慢了,太慢了", "慢"),
        ("TOO slow", "it was too\n slow", "too\n slow"),
        ("ABC123", "编号ABC１２３。", "ABC１２３"),
        ("  late ", "so late", "late"),
        ("on time", "so late", None),
        ("!!", "late!!", None),
        ("", "late", None),
        ("\u200b", "late", None),
        ("ﬁx", "please fix it", "fix"),
    ],
)
def test_quotations_are_found_where_they_are(quote: str, source: str, found: str | None) -> None:
    place = locate(quote, source)
    assert (None if place is None else source[slice(*place)]) == found


@settings(max_examples=50)
@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 20))
def test_every_stretch_with_a_letter_is_a_quotation(source: str, start: int, width: int) -> None:
    part = source[start : start + width]
    place = locate(part, source)
    if any(character.isalnum() for character in part.strip()):
        assert place is not None
        assert source[slice(*place)] == part.strip()
    else:
        assert place is None


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["王小明", "13800138000", "ann@example.com", "我叫李雷", " call ", "Mr. Brown", ",",
             "住在", "⟦phone.1⟧", "北京市朝阳区建国路88号", "4111111111111111", "hello", "。"]
        ),
        max_size=8,
    ).map("".join)
)  # fmt: skip
def test_nothing_recognized_is_sent_and_everything_comes_back(text: str) -> None:
    veil = veiled(text)
    tokens = {piece.token for piece in veil.pieces}
    for span in find_pii(veil.sent, min_confidence=0.5):
        assert any(span.text in token for token in tokens), span
    assert veil.reveal(veil.sent) == text
    assert all(piece.token not in text for piece in veil.pieces)
    for start in range(len(veil.sent)):
        ours = veil.back(start, len(veil.sent))
        assert 0 <= ours[0] <= ours[1] == len(text)


def test_equal_data_gets_equal_tokens_and_half_a_token_is_no_quotation() -> None:
    veil = veiled("王小明先生,13800138000。王小明先生再见")
    assert veil.sent == "⟦name.1⟧先生,⟦phone.1⟧。⟦name.1⟧先生再见"
    assert veil.find("⟦phone.1⟧") == (6, 17)
    assert veil.find("phone") is None
    assert veil.find("e.1⟧先生") is None
    assert veil.find("先生再见") == (21, 25)
    assert veil.reveal("⟦phone.2⟧ ⟦name.1⟧") == "⟦phone.2⟧ 王小明"


def test_a_text_that_cannot_be_masked_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from features.text.llm import veil

    monkeypatch.setattr(veil, "_ROUNDS", 1)
    with pytest.raises(ValueError, match="the text is not sent"):
        veiled("call 13800138000")
    analyzer = LlmAnalyzer(task="needs", settings=HERE)
    found = analyzer.analyze(["call 13800138000"]).to_pylist()[0]
    assert found["status"] == "kept_back"
    assert "not sent" in found["reason"]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_task_is_complete(file: Path) -> None:
    task = named_task(file.stem)
    assert task.name == file.stem
    assert instantiate(OmegaConf.load(file), _convert_="all") == task
    assert task.json_schema()["additionalProperties"] is False
    analyzer = instantiate(
        OmegaConf.load(HOUSE / "conf" / "analyzer" / f"llm_{file.stem}.yaml"), _convert_="all"
    )
    assert isinstance(analyzer, LlmAnalyzer)
    assert analyzer.name == f"llm_{file.stem}"
    assert analyzer.settings.local_only
    assert analyzer.schema.names[-3:] == ["status", "reason", "dropped"]


def test_the_needs_are_the_taxonomys() -> None:
    schema = named_task("needs").json_schema()
    assert schema["properties"]["need"]["enum"] == list(named_taxonomy("customer_needs").codes)


def test_a_task_that_makes_no_sense_is_refused() -> None:
    def field(**given: Any) -> Asked:
        return Asked(**({"name": "a", "kind": "text", "description": "d"} | given))

    inner = (field(name="b"),)
    for wrong, message in (
        ({"kind": "label"}, "a label, and nothing else, has labels"),
        ({"labels": {"x": "y"}}, "a label, and nothing else, has labels"),
        ({"kind": "items"}, "items, and nothing else, have fields"),
        ({"kind": "items", "fields": (field(kind="items", fields=inner),)}, "items hold no items"),
        ({"kind": "items", "fields": (field(), field())}, "expected distinct columns"),
    ):
        with pytest.raises(ValidationError, match=message):
            field(**wrong)
    with pytest.raises(ValidationError, match="columns of every answer"):
        Task(name="t", instruction="i", fields=(field(name="status"),))
    with pytest.raises(ValueError, match=r"task 'nope': no file .*; there are: extraction, needs"):
        named_task("nope")


def test_a_task_file_that_is_wrong_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from features.text.llm import task

    monkeypatch.setattr(task, "FOLDER", tmp_path)
    (tmp_path / "odd.yaml").write_text("name: odd\ninstruction: x\nfields: []\n")
    with pytest.raises(ValueError, match=r"odd\.yaml: .*\n.*fields"):
        named_task("odd")


def test_optional_fields_may_be_null_and_lists_too() -> None:
    task = Task(
        name="t",
        instruction="i",
        fields=(
            Asked(name="when", kind="quote", description="d", required=False),
            Asked(name="count", kind="number", description="d", required=False, low=0),
            Asked(name="parts", kind="items", description="d", required=False,
                  fields=(Asked(name="part", kind="text", description="d", required=False),)),
        ),
    )  # fmt: skip
    from features.text.llm.answer import check

    veil = veiled("nothing")
    empty = check(task, '{"when": null, "count": null, "parts": null}', veil, "0123456789abcdef")
    assert empty.values == {
        "when": None, "when_start": None, "when_end": None, "count": None, "parts": None,
    }  # fmt: skip
    part = check(
        task, '{"when": "Nothing", "count": 2, "parts": [{"part": null}]}', veil, "0123456789abcdef"
    )
    assert part.values["parts"] == [{"part": None}]
    assert part.values["when_end"] == 7


def test_everything_else_works_without_the_client() -> None:
    probe = (
        "import sys\n"
        "sys.modules['openai'] = None\n"  # importing it would fail
        "import features.text.pipeline.run, features.text.entities.table\n"
        "from features.text.llm.analyzer import LlmAnalyzer\n"
        "from features.text.llm.settings import LlmSettings\n"
        "here = LlmSettings(base_url='http://127.0.0.1:9/v1', model='m')\n"
        "LlmAnalyzer(task='sentiment', settings=here)\n"
        "from features.text.language import LanguageAnalyzer\n"
        "from features.text.pii.recognize import PiiAnalyzer\n"
        "from features.text.entities.recognize import EntityAnalyzer\n"
        "for analyzer in (LanguageAnalyzer(), PiiAnalyzer(), EntityAnalyzer()):\n"
        "    analyzer.analyze(['明天退我199元', 'refund me'])\n"
        "loaded = sorted({'openai', 'rapidocr', 'onnxruntime', 'cv2'} & set(sys.modules))\n"
        "print(loaded, sys.modules['openai'])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "['openai'] None"
