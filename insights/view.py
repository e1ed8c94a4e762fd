"""``python -m insights.view``: tables for BI tools, as Parquet files and a DuckDB file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb

if TYPE_CHECKING:
    from insights.filters import Filters
    from insights.tables import Tables

_FORMATS = ("parquet", "duckdb")


def _several(told: Any, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = (told,) if isinstance(told, str) else tuple(told)
    if not names or not set(names) <= set(known):
        raise ValueError(f"{name}: expected some of {', '.join(known)}, received {list(names)}")
    return tuple(name for name in known if name in names)


def run(settings: DictConfig) -> list[Path]:
    """Write the views and return their files."""
    from insights.views.dictionary import VIEWS  # noqa: PLC0415  (the help needs no tables)
    from insights.views.make import make  # noqa: PLC0415
    from insights.views.publish import publish  # noqa: PLC0415

    told = cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))
    formats = _several(told["formats"], "formats", _FORMATS)
    names = _several(told["views"] or tuple(VIEWS), "views", tuple(VIEWS))
    tables = _tables(told)
    filters = _filters(told, tables)
    made = {name: make(name, tables, filters, unmasked=told["unmasked"]) for name in names}
    for name, view in made.items():
        sys.stdout.write(f"{name}: {view.rows.num_rows:,} rows\n")
        for why in view.left_out:
            sys.stdout.write(f"  without {why}\n")
    out = Path(told["out"] or tables.workspace.root / "views")
    return publish({name: view.rows for name, view in made.items()}, out, formats)


def _tables(told: dict[str, Any]) -> Tables:
    from ingest.workspace import Workspace  # noqa: PLC0415
    from insights.settings import InsightSettings  # noqa: PLC0415
    from insights.tables import Tables  # noqa: PLC0415

    own = {name: told[name] for name in InsightSettings.model_fields}
    workspace = Workspace.named(told["workspace"], told["data_dir"])
    return Tables(workspace, InsightSettings.model_validate(own))


def _filters(told: dict[str, Any], tables: Tables) -> Filters:
    """Return which conversations; a range without an end ends after the last of them."""
    from insights.filters import Filters  # noqa: PLC0415
    from insights.report import day_after_last  # noqa: PLC0415

    range_ = {name: told[name] for name in ("since", "until", "zone")}
    filters = Filters.model_validate({**range_, **told["scope"]})
    if filters.until is None:
        return filters.model_copy(update={"until": day_after_last(tables, filters)})
    return filters


@verb("view")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    prepare()
    try:
        for file in run(settings):
            sys.stdout.write(f"wrote {file}\n")
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights.view: {reason(error)}")


if __name__ == "__main__":
    main()
