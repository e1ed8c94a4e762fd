"""``python -m ingest``: load raw data into the canonical tables of a workspace."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from ingest.report import LoadReport
    from ingest.sources.base import Source


@verb("ingest")
def main(config: DictConfig) -> None:
    """Load a source, list rejected rows, or load corrected ones."""
    prepare()
    try:
        workspace = Workspace.named(config.workspace, config.data_dir)
        if config.list_rejected:
            _list(workspace)
            return
        if config.reload_rejected:
            _finish(_reload(workspace, config.reload_rejected), workspace)
        source = _source(config)
    except (InstantiationException, OmegaConfBaseException, OSError, ValueError) as error:
        _refuse(error)
    _finish(_load(source, workspace, progress=config.progress), workspace)


def _source(config: DictConfig) -> Source:
    from hydra.utils import instantiate

    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(f"expected a value, received none: give {'=... '.join(missing)}=...")

    source: Source = instantiate(OmegaConf.to_container(config.source, resolve=True))
    return source


def _load(source: Source, workspace: Workspace, *, progress: bool) -> LoadReport:
    from ingest.load import load
    from ingest.store import Store

    return load(source, Store(workspace.store), workspace.rejected, progress=progress)


def _reload(workspace: Workspace, rows: str) -> LoadReport:
    from ingest.reload import reload_rejected
    from ingest.store import Store

    path = None if rows == "all" else Path(rows)
    return reload_rejected(Store(workspace.store), workspace.rejected, path)


def _list(workspace: Workspace) -> None:
    from ingest.rejects import Rejects

    count = 0
    for _, row in Rejects(workspace.rejected).read():
        count += 1
        print(f"{row.table}  {row.file}, row {row.row}: {row.reason}\n    {row.content}")
    print(f"{count:,} rejected rows in {workspace.rejected}")


def _finish(report: LoadReport, workspace: Workspace) -> NoReturn:
    from rich.console import Console

    Console().print(report.render())
    report.write(workspace.root / "load-report.json")
    sys.exit(0 if report.ok else 1)


def _refuse(error: Exception) -> NoReturn:
    cause = error.__cause__ if isinstance(error, InstantiationException) else None
    print(f"error: {_unset(error) or cause or error}", file=sys.stderr)
    sys.exit(2)


def _unset(error: Exception) -> str | None:
    """Say what to do where a setting reads an environment variable that is not set."""
    found = re.search(r"Environment variable '(\w+)' not found", str(error))
    if found is None or not isinstance(error, OmegaConfBaseException):
        return None
    name = found.group(1)
    return (
        f"{error.full_key}: expected a folder in the environment variable {name}, which is not "
        f"set; run {name}=FOLDER python -m ingest {' '.join(sys.argv[1:])}"
    )


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
