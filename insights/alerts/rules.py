"""Rules as data: one yaml file of ``conf/alert`` is one rule, and a new one needs no code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from insights.alerts.chat_rules import ChatRule
from insights.alerts.finding_rules import FindingRule

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "alert"

Rule = FindingRule | ChatRule
RULE: TypeAdapter[Rule] = TypeAdapter(Annotated[Rule, Field(discriminator="kind")])


def load_rules(
    names: Sequence[str] | None = None, folders: Iterable[Path] = (FOLDER,)
) -> tuple[Rule, ...]:
    """Read rules from yaml files; a later folder's file replaces one of the same name.

    Parameters
    ----------
    names : sequence of str, optional
        Which; every enabled one by default.
    folders : iterable of Path
        Where they are.

    Raises
    ------
    ValueError
        If a file does not hold a rule, or there is none of a name.
    """
    files = {file.stem: file for folder in folders for file in sorted(Path(folder).glob("*.yaml"))}
    missing = [name for name in names or () if name not in files]
    if missing:
        raise ValueError(f"no alert {', '.join(missing)}: there are {', '.join(files) or 'none'}")
    if names:
        return tuple(_read(files[name]) for name in names)
    return tuple(rule for rule in map(_read, files.values()) if rule.enabled)


def _read(file: Path) -> Rule:
    content: Any = yaml.safe_load(file.read_text("utf-8"))
    try:
        rule = RULE.validate_python(content)
    except ValidationError as error:
        raise ValueError(f"alert {file}: {error}") from error
    if rule.name != file.stem:
        raise ValueError(f"alert {file}: expected name {file.stem!r}, received {rule.name!r}")
    return rule
