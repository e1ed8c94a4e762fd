from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hydra.core.global_hydra import GlobalHydra

from ingest.__main__ import main
from ingest.store import Store

SALES = "buyer,sku,qty,price,time\nann,tea,2,2.5,2024-05-31\nbob,cup,x,4,2024-06-01\n"
Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    # Hydra shows a traceback instead of its message when a coverage tool looks like a debugger.
    monkeypatch.setattr("hydra._internal.utils.is_under_debugger", lambda: False)

    def call(*arguments: str) -> tuple[int, str, str]:
        data = f"data_dir={tmp_path / 'data'}"
        monkeypatch.setattr(sys, "argv", ["ingest", *arguments, data, "progress=false"])
        GlobalHydra.instance().clear()
        code: object = 0
        try:
            main()
        except SystemExit as done:
            code = done.code
        shown = capsys.readouterr()
        return int(str(code)), shown.out, shown.err

    return call


def test_load_list_correct_and_load_again(verb: Verb, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(SALES)
    code, out, _ = verb("source=files", "source.path=sales.csv", "workspace=shop")
    assert code == 0
    assert "1 row was rejected" in out
    assert "note: sales.csv was taken for events" in out
    report = orjson.loads((tmp_path / "data/shop/load-report.json").read_bytes())
    assert report["tables"]["events"] == {"read": 2, "accepted": 1, "duplicate": 0, "rejected": 1}
    assert report["source"] == "shop"

    code, out, _ = verb("workspace=shop", "list_rejected=true")
    assert code == 0
    assert "sales.csv, row 3: column quantity: expected a number, received 'x'" in out
    assert "1 rejected rows in" in out

    kept = tmp_path / "data/shop/rejected/events.jsonl"
    fixed = tmp_path / "fixed.jsonl"
    fixed.write_text(kept.read_text().replace('"x"', '"3"'))
    assert verb("workspace=shop", "reload_rejected=fixed.jsonl")[0] == 0
    assert verb("workspace=shop", "list_rejected=true")[1].startswith("0 rejected rows")
    assert Store(tmp_path / "data/shop/store").read("events").num_rows == 2
    assert verb("workspace=shop", "reload_rejected=all")[0] == 0


@pytest.mark.parametrize(
    ("source", "file"),
    [("chatlog_files", "chatlog/messages.json"), ("wecom", "wecom/archive.jsonl")],
)
def test_conversations_are_loaded_for_a_reason_that_is_kept(
    verb: Verb, tmp_path: Path, source: str, file: str
) -> None:
    path = Path(__file__).parents[1] / "golden" / "ingest" / file
    told = [f"source={source}", f"source.path={path}", "source.lawful_basis=contract"]
    code, out, _ = verb(*told, "workspace=shop")
    assert code == 0
    assert "messages" in out
    basis = orjson.loads((tmp_path / "data/shop/lawful-basis.jsonl").read_bytes())
    assert basis["basis"] == "contract"
    assert Store(tmp_path / "data/shop/store").read("messages").num_rows > 20


def test_a_source_that_fails_gives_1_and_keeps_what_was_read(verb: Verb, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("feedback\nfine\n")
    (tmp_path / "in/b.csv").write_text("")
    code, out, _ = verb("source=files", "source.path=in", "workspace=shop")
    assert code == 1
    assert "error: in/b.csv: expected a first line" in out
    assert Store(tmp_path / "data/shop/store").read("feedback").num_rows == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["source=files"], "error: expected a value, received none: give source.path=..."),
        (["source=files", "source.path=x", "source.zone=Mars"], "expected an IANA time zone"),
        (["source=files", "source.path=x", "source.mapping=nope"], "expected a yaml file, or one"),
        (["source=chatlog"], "give source.lawful_basis=..."),
        (["source=chatlog_files", "source.path=x"], "give source.lawful_basis=..."),
        (["source=wecom", "source.path=x"], "give source.lawful_basis=..."),
        (["source=chatlog", "source.lawful_basis=x", "source.page=0"], "greater than 0"),
        (["workspace=My Shop", "list_rejected=true"], "workspace 'My Shop': expected lower-case"),
        (["reload_rejected=nope.jsonl"], "No such file or directory: 'nope.jsonl'"),
    ],
)
def test_a_wrong_call_gives_2_and_does_nothing(
    verb: Verb, tmp_path: Path, arguments: list[str], message: str
) -> None:
    code, _, err = verb(*arguments)
    assert code == 2
    assert message in err
    assert not (tmp_path / "data").exists()


def test_a_folder_that_was_not_named_is_asked_for(
    verb: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUAXIANG_DATA", raising=False)
    code, _, err = verb("source=amazon_gift_cards")
    assert code == 2
    assert "source.reviews: expected a folder in the environment variable HUAXIANG_DATA" in err
    assert "run HUAXIANG_DATA=FOLDER python -m ingest source=amazon_gift_cards" in err


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("source.zon=UTC", "source.zon: there is no such setting; "),
        ("source=nope", "source: expected one of "),
    ],
)
def test_unknown_settings_are_refused(verb: Verb, argument: str, message: str) -> None:
    code, _, err = verb("source=files", "source.path=x", argument)
    assert code == 2
    assert message in err


def test_help_says_what_there_is_and_loads_no_framework(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingest", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    assert "ncf" not in done.stdout  # groups of other verbs are not offered
    for word in ("files", "completejourney", "reload_rejected", "list_rejected", "source.mapping"):
        assert word in done.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import ingest.__main__, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.split()
    assert not {"pandas", "pyarrow", "deltalake", "pandera", "duckdb"} & set(loaded)
