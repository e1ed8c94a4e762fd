"""``python -m insights.customer``: the profile card of one customer, its history, and edits."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from omegaconf import DictConfig, OmegaConf

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from ingest.store import Store
    from insights.profiles.card import Card
    from insights.profiles.edits import Edited

_ACTIONS = ("set", "confirm", "undo")
_COUNTING = ("sessions", "taxonomy", "interests")


def run(config: DictConfig) -> None:
    """Edit the customer where an edit is given; else show the card, the history or the payload."""
    told = cast("dict[str, Any]", OmegaConf.to_container(config, resolve=True))
    if told["customer"] is None:
        raise ValueError("customer: expected the id of a customer, received none")
    customer = str(told["customer"])
    workspace = Workspace.named(told["workspace"], told["data_dir"])
    asked = [name for name in _ACTIONS if told[name]]
    if len(asked) > 1:
        raise ValueError(f"expected one of {', '.join(_ACTIONS)}, received {', '.join(asked)}")
    if asked:
        from insights.profiles.text import edit_lines  # noqa: PLC0415 (with the rest of the house)

        for edited in _edits(workspace, customer, told):
            _say(edit_lines(edited))
    elif told["history"]:
        _history(workspace, customer)
    elif told["happenings"]:
        _happenings(workspace, customer)
    else:
        _show(_card(workspace, customer, told), told)


def _edits(workspace: Workspace, customer: str, told: dict[str, Any]) -> Iterator[Edited]:
    from insights.profiles.editor import Editor  # noqa: PLC0415
    from insights.profiles.edits import Edit  # noqa: PLC0415

    author = "" if told["author"] is None else str(told["author"]).strip()
    if not author:
        raise ValueError("author: expected who edits, received none")
    editor = Editor(workspace)
    if told["confirm"]:
        yield editor.confirm(customer, str(told["confirm"]), author)
    elif told["undo"]:
        yield editor.undo(customer, str(told["undo"]), author)
    else:
        seen = {"replaces": told["replaces"]}
        fields = told["set"].items()
        empty = [name for name, value in fields if value is None]
        if empty:
            raise ValueError(
                f"set: expected a value of {empty[0]}, received none; undo what stands"
            )
        edits = [Edit(field=str(f), value=str(v), author=author, **seen) for f, v in fields]
        for edit in edits:  # all of them were readable
            yield editor.set(customer, edit)


def _card(workspace: Workspace, customer: str, told: dict[str, Any]) -> Card:
    from insights.profiles.card import card  # noqa: PLC0415
    from insights.settings import InsightSettings  # noqa: PLC0415
    from insights.tables import Tables  # noqa: PLC0415

    at = datetime.now(UTC) if told["at"] is None else datetime.fromisoformat(str(told["at"]))
    if at.tzinfo is None:
        raise ValueError(f"at: expected a moment with its zone, received {told['at']}")
    settings = InsightSettings.model_validate({name: told[name] for name in _COUNTING})
    return card(Tables(workspace, settings), customer, at)


def _show(found: Card, told: dict[str, Any]) -> None:
    import orjson  # noqa: PLC0415

    from insights.profiles.remark import remark_of  # noqa: PLC0415
    from insights.profiles.shown import shown_card  # noqa: PLC0415
    from insights.profiles.text import card_lines  # noqa: PLC0415

    if told["remark"] is not None:
        payload = remark_of(found, str(told["remark"])).payload()
        _say([orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode()])
    elif told["out"] is not None:
        option = orjson.OPT_INDENT_2
        Path(told["out"]).write_bytes(orjson.dumps(shown_card(found), option=option) + b"\n")
        _say([f"wrote {told['out']}"])
    else:
        _say(card_lines(found))


def _known(workspace: Workspace, customer: str) -> tuple[Store, tuple[str, ...]]:
    """Return the store and all ids of a customer of whom anything is known."""
    from ingest.store import Store  # noqa: PLC0415
    from insights.profiles.person import check_known, same_customer  # noqa: PLC0415

    store = Store(workspace.store)
    _, ids = same_customer(store, customer)
    check_known(store, ids)
    return store, ids


def _happenings(workspace: Workspace, customer: str) -> None:
    from insights.profiles.happenings import feed  # noqa: PLC0415
    from insights.profiles.text import feed_lines  # noqa: PLC0415

    _say(feed_lines(feed(*_known(workspace, customer))))


def _history(workspace: Workspace, customer: str) -> None:
    from insights.profiles.statements import history, stored, with_quotes  # noqa: PLC0415
    from insights.profiles.text import history_lines  # noqa: PLC0415

    store, ids = _known(workspace, customer)
    _say(history_lines(with_quotes(store, history(stored(store, ids)))))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


@verb("customer")
def main(config: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    prepare()
    try:
        run(config)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights.customer: {reason(error)}")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
