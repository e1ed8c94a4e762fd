"""``python -m insights.need``: decide about a need, or show what was decided."""

from __future__ import annotations

import sys
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from omegaconf import DictConfig, OmegaConf

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from insights.needs.register import Register

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
    from insights.journal import now  # noqa: PLC0415
    from insights.needs.register import Decision, Register  # noqa: PLC0415

    workspace = Workspace.named(settings.workspace, settings.data_dir)
    register, told = Register(workspace), _told(settings)
    need = None if settings.id is None else str(settings.id)
    if told:
        if need is None:
            raise ValueError(f"id: expected the need that {', '.join(told)} is about, got none")
        _check(workspace, need, register)
        register.add(Decision(need=need, at=now(), author=settings.author, **told))
    if settings.customer is not None:
        _draft(workspace, need, str(settings.customer))
        return
    decisions = register.decisions(need)
    for one in decisions:
        changed = ", ".join(f"{name}={value}" for name, value in one.changed().items())
        _say(f"{one.at:%Y-%m-%d %H:%M} {one.need}: {changed} ({one.author or 'unknown'})")
    if not decisions:
        _say(f"nothing was decided about {need or 'any need'} yet")


def _draft(workspace: Workspace, need: str | None, customer: str) -> None:
    """Show what could be answered to a customer; nothing is ever sent."""
    from insights.needs.reply import draft_reply  # noqa: PLC0415 (reads texts)
    from insights.tables import Tables  # noqa: PLC0415

    if need is None:
        raise ValueError("id: expected the need that the customer wrote about, got none")
    _say(draft_reply(Tables(workspace), need, customer).text)


def _check(workspace: Workspace, need: str, register: Register) -> None:
    """Refuse ids of needs that nobody wrote about and nothing was decided about."""
    from insights.needs.cards import known_needs  # noqa: PLC0415 (reads texts)
    from insights.tables import Tables  # noqa: PLC0415

    if register.decisions(need):
        return
    known = known_needs(Tables(workspace))
    if need not in known:
        close = get_close_matches(need, sorted(known), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise LookupError(f"need {need!r}: no text carries it{hint}")


@verb("need")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    prepare()
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights.need: {reason(error)}")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
