"""``python -m insights.need``: decide about a need, or show what was decided."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from ingest.configuration import configuration, quoted_words
from ingest.runtime import prepare

prepare()

import hydra
from omegaconf import DictConfig, OmegaConf

_DECIDED = ("status", "owner", "plan", "due", "shipped", "effort")


def _told(settings: DictConfig) -> dict[str, Any]:
    """Return what was decided; a date without a zone begins in ``zone``."""
    plain = cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))
    told = {name: plain[name] for name in _DECIDED if plain[name] is not None}
    if "shipped" in told:
        moment = datetime.fromisoformat(str(told["shipped"]))
        zone = ZoneInfo(str(plain["zone"]))
        told["shipped"] = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return told


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def run(settings: DictConfig) -> None:
    """Record a decision where one is given, and show the decisions."""
    from ingest.workspace import Workspace
    from insights.needs.register import Decision, Register, now

    workspace = Workspace.named(settings.workspace, settings.data_dir)
    register, told = Register(workspace), _told(settings)
    need = None if settings.id is None else str(settings.id)
    if told:
        if need is None:
            raise ValueError(f"id: expected the need that {', '.join(told)} is about, got none")
        _check(workspace, need, register)
        register.add(Decision(need=need, at=now(), author=settings.author, **told))
    decisions = register.decisions(need)
    for one in decisions:
        changed = ", ".join(f"{name}={value}" for name, value in one.changed().items())
        _say(f"{one.at:%Y-%m-%d %H:%M} {one.need}: {changed} ({one.author or 'unknown'})")
    if not decisions:
        _say(f"nothing was decided about {need or 'any need'} yet")


def _check(workspace: Any, need: str, register: Any) -> None:
    """Refuse ids of needs that nobody wrote about and nothing was decided about."""
    from difflib import get_close_matches

    from insights.needs.cards import known_needs
    from insights.tables import Tables

    if register.decisions(need):
        return
    known = known_needs(Tables(workspace))
    if need not in known:
        close = get_close_matches(need, sorted(known), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise LookupError(f"need {need!r}: no text carries it{hint}")


@hydra.main(version_base=None, config_path=configuration(), config_name="need")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights.need: {error}")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
