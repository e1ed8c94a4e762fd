"""``python -m insights.case``: the queue of compliance cases, and what people found of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast, get_args
from zoneinfo import ZoneInfo

from omegaconf import DictConfig, OmegaConf

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from insights.compliance.register import Found
    from insights.tables import Tables

_ALL = "all"


def run(settings: DictConfig) -> None:
    """Judge a case where a verdict of one is told; else show it, or the queue."""
    from insights.tables import Tables  # noqa: PLC0415 (the help needs no tables)

    told = cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))
    tables = Tables(Workspace.named(told["workspace"], told["data_dir"]))
    verdict = _verdict(told["verdict"])
    if told["id"] is None:
        _list(tables, told, verdict)
        return
    if verdict is not None:
        from insights.compliance.queue import judge  # noqa: PLC0415

        judge(tables, str(told["id"]), verdict, author=told["by"], note=str(told["note"]))
    _show(tables, str(told["id"]), told["zone"])


def _verdict(told: str | None) -> Found | None:
    from insights.compliance.register import Found  # noqa: PLC0415

    if told in (None, _ALL, *get_args(Found)):
        return None if told == _ALL else cast("Found | None", told)
    raise ValueError(f"verdict={told}: expected {', '.join(get_args(Found))} or {_ALL}")


def _list(tables: Tables, told: dict[str, Any], verdict: Found | None) -> None:
    from insights.compliance.queue import queue  # noqa: PLC0415
    from insights.filters import Filters  # noqa: PLC0415

    asked = None if told["verdict"] == _ALL else verdict or "open"
    found = queue(tables, Filters.of(told), verdict=asked, rule=told["rule"], limit=told["limit"])
    for case in found.cases:
        _line(case, told["zone"])
    rest = found.total - len(found.cases)
    more = f", {rest} more (limit=...)" if rest else ""
    _say(f"{found.total} {'' if asked is None else asked + ' '}cases{more}")


def _show(tables: Tables, case: str, zone: str) -> None:
    from insights.compliance.queue import NoCaseError, queue  # noqa: PLC0415
    from insights.compliance.register import Verdicts  # noqa: PLC0415
    from insights.filters import Filters  # noqa: PLC0415

    found = queue(tables, Filters(), verdict=None, case=case, limit=1).cases
    if not found:
        raise NoCaseError(case)
    _line(found[0], zone)
    _say(f"  conversation {found[0]['conversation_id']}, message {found[0]['message_id']}")
    for one in Verdicts(tables.workspace).history(case):
        _say(f"  {one.at:%Y-%m-%d %H:%M} {one.verdict} ({one.author}) {one.note}".rstrip())


def _line(case: dict[str, Any], zone: str) -> None:
    label = " · SIMULATED DATA" if case["simulated"] else ""
    at = f"{case['at'].astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    _say(f"{case['case']} {case['severity']} {case['rule']} {case['verdict']} {case['agent']} {at}")
    _say(f"  “{case['text']}” [{case['matched']}]{label}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


@verb("case")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    prepare()
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights.case: {reason(error)}")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
