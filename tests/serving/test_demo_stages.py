"""The demo's stages: real child processes, skipped only when nothing they depend on changed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from serving.demo import measured
from serving.demo.stages import Stage, StageFailedError, run_stages


@pytest.fixture
def code(tmp_path: Path) -> Path:
    file = tmp_path / "code.yaml"
    file.write_text("a: 1")
    return file


def stage(name: str, code: Path, *arguments: str) -> Stage:
    """A stage that reads a file with the standard library's JSON tool and writes it elsewhere."""
    return Stage(name, "json.tool", arguments, (str(code),))


def names(stages: list[Stage], tmp_path: Path, outputs: dict[str, Path]) -> list[tuple[str, bool]]:
    runs = run_stages(stages, tmp_path / "stages.json", outputs)
    return [(run.name, run.skipped) for run in runs]


@pytest.fixture
def stages(tmp_path: Path, code: Path) -> tuple[list[Stage], dict[str, Path]]:
    source = tmp_path / "in.json"
    source.write_text("[1]")
    outputs = {"one": tmp_path / "one.json", "two": tmp_path / "two.json"}
    built = [
        stage("one", code, str(source), str(outputs["one"])),
        stage("two", source, str(source), str(outputs["two"])),
    ]
    return built, outputs


def test_a_second_run_redoes_nothing(
    tmp_path: Path, stages: tuple[list[Stage], dict[str, Path]]
) -> None:
    built, outputs = stages
    assert names(built, tmp_path, outputs) == [("one", False), ("two", False)]
    assert names(built, tmp_path, outputs) == [("one", True), ("two", True)]


def test_changed_code_reruns_the_stage_and_all_after_it(
    tmp_path: Path, code: Path, stages: tuple[list[Stage], dict[str, Path]]
) -> None:
    built, outputs = stages
    names(built, tmp_path, outputs)
    code.write_text("a: 2")
    assert names(built, tmp_path, outputs) == [("one", False), ("two", False)]


def test_a_lost_output_is_made_again(
    tmp_path: Path, stages: tuple[list[Stage], dict[str, Path]]
) -> None:
    built, outputs = stages
    names(built, tmp_path, outputs)
    outputs["two"].unlink()
    assert names(built, tmp_path, outputs) == [("one", True), ("two", False)]
    assert outputs["two"].exists()


def test_a_failed_stage_stops_the_demo_and_is_run_again(
    tmp_path: Path, code: Path, stages: tuple[list[Stage], dict[str, Path]]
) -> None:
    built, outputs = stages
    broken = stage("one", code, str(tmp_path / "missing.json"), str(outputs["one"]))
    with pytest.raises(StageFailedError, match=r"stage 'one' failed: python -m json\.tool"):
        names([broken, built[1]], tmp_path, outputs)
    assert not outputs["two"].exists()
    assert names(built, tmp_path, outputs) == [("one", False), ("two", False)]


def test_a_run_reports_the_time_and_memory_of_the_stage_alone(tmp_path: Path, code: Path) -> None:
    held = b"x" * 300_000_000  # what the caller holds is not the stage's
    built = [
        Stage(name, "timeit", ("-n1", "-r1", statement), (str(code),))
        for name, statement in (("nothing", "pass"), ("block", "b'x' * 100_000_000"))
    ]
    runs = list(run_stages(built, tmp_path / "stages.json", {stage.name: code for stage in built}))
    nothing, block = (run.peak_mb for run in runs)
    assert 1 < nothing < 60
    assert 95 < block - nothing < 115
    assert all(0 < run.seconds < 60 for run in runs)
    del held


def test_a_stage_ended_by_a_signal_has_failed(tmp_path: Path, code: Path) -> None:
    suicide = "import os; os.kill(os.getpid(), 9)"
    killed = Stage("killed", "timeit", ("-n1", "-r1", suicide), (str(code),), (0, 1))
    with pytest.raises(StageFailedError, match="stage 'killed' failed"):
        names([killed], tmp_path, {"killed": code})


@pytest.mark.parametrize(
    ("statement", "code"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_a_measured_command_ends_as_by_itself(
    statement: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    command = [sys.executable, "-c", statement]
    monkeypatch.setattr(sys, "argv", ["measured.py", str(writer), *command])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        measured.main()
    signal.signal(signal.SIGINT, before)
    os.close(writer)
    with os.fdopen(reader) as peak:
        assert int(peak.read()) > 1e6
    assert ended.value.code == code


def test_an_exit_code_can_be_an_answer(tmp_path: Path, code: Path) -> None:
    shut = Stage("gate", "json.tool", (str(tmp_path / "missing.json"),), (str(code),), (0, 2))
    assert names([shut], tmp_path, {"gate": code}) == [("gate", False)]
    assert names([shut], tmp_path, {"gate": code}) == [("gate", True)]
