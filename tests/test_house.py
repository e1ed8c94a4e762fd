"""The house as a whole: packages are ours, rooms stay small, nothing private is committed."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1]
PACKAGES = ("ingest", "features", "training", "insights", "serving")
MODULES = sorted(file for package in PACKAGES for file in (HOUSE / package).rglob("*.py"))
VERBS = {
    "ingest": 2.0,
    "ingest.stitch": 2.0,
    "ingest.backup": 2.0,
    "ingest.restore": 2.0,
    "ingest.state": 2.0,
    "ingest.archive": 2.0,
    "features": 2.0,
    "training": 2.0,
    "training.compare": 2.0,
    "training.label": 2.0,
    "training.promote": 2.0,
    "training.retrain": 2.0,
    "training.tune": 2.0,
    "insights": 2.0,
    "insights.action": 2.0,
    "insights.case": 2.0,
    "insights.customer": 2.0,
    "insights.schedule": 2.0,
    "insights.need": 2.0,
    "insights.alert": 2.0,
    "insights.view": 2.0,
    "serving.batch": 2.0,
    "serving.api": 2.0,
}
HEAVY = {
    "feast",
    "implicit",
    "irspack",
    "keras",
    "lightgbm",
    "mlflow",
    "optuna",
    "pytorch_lightning",
    "tensorflow",
    "torch",
}


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [HOUSE / name for name in listing.stdout.split("\0") if name]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_come_from_this_checkout(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(HOUSE)


@pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_modules_open_with_what_they_are_and_stay_small(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), "a module opens with what it is"
    assert source.count("\n") <= 350, "split it: a module has at most 350 lines"


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_ours_and_imports_nothing_heavy(verb: str) -> None:
    probe = (
        "import sys, runpy\n"
        f"sys.argv = [{verb!r}, '--help']\n"
        "try:\n"
        f"    runpy.run_module({verb!r}, run_name='__main__', alter_sys=True)\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe], cwd=HOUSE, capture_output=True, text=True, check=True
    )
    assert f"python -m {verb}" in run.stdout, "the help shows how to call the verb"
    assert "HEAVY []" in run.stdout


def private_words() -> Iterator[re.Pattern[str]]:
    """Words that would tie the repository to one machine or one way it was made."""
    yield re.compile(r"/work/|/root/|/home/\w+/")
    yield re.compile(r"\.\./shared")
    yield re.compile(r"(?i)pypi\.org|pythonhosted|registry\.npmjs|deb\.debian")


def test_nothing_names_a_machine_or_a_registry() -> None:
    allowed = {HOUSE / ".ci" / "run", Path(__file__).resolve()}
    patterns = list(private_words())
    found = []
    for file in tracked():
        if file in allowed or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="ignore")
        found += [f"{file.relative_to(HOUSE)}: {p.pattern}" for p in patterns if p.search(text)]
    assert found == []


def test_data_and_secrets_stay_out_of_git() -> None:
    suspicious = [
        file
        for file in tracked()
        if file.suffix in {".parquet", ".db", ".gz", ".zip", ".pkl", ".pem", ".key", ".env"}
        or (file.is_file() and file.stat().st_size > 500_000)
    ]
    assert suspicious == []
