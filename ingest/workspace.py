"""Where one business's data lives: a workspace is one folder, and its parts have fixed names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ingest.state.url import chosen_state

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Workspace:
    """The folders of one business: tables, rejected rows, features, bundles and outputs.

    Parameters
    ----------
    root : Path
        Folder of the workspace, usually ``data/<name>``. Created when first written to.
    state : str, optional
        URL of the PostgreSQL database that keeps application state, password included; a file of
        the workspace without one. Never part of what is printed.
    """

    root: Path
    state: str | None = field(default=None, repr=False)

    @classmethod
    def named(cls, name: str, base: Path | str = "data", state_url: str | None = None) -> Workspace:
        """Return the workspace called ``name`` below ``base``.

        Parameters
        ----------
        name : str
            Lower-case letters, digits, ``_`` and ``-``.
        base : Path or str
            Folder of the workspaces.
        state_url : str, optional
            The setting ``state.url``; without it the environment variable ``HUAXIANG_STATE_URL``.

        Raises
        ------
        ValueError
            If the name has other characters, or the URL is none or holds a password.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"workspace {name!r}: expected lower-case letters, digits, '_' and '-', "
                "because the name becomes a folder and part of MLflow names"
            )
        return cls(Path(base).resolve() / name, chosen_state(state_url))

    @property
    def name(self) -> str:
        """Name of the workspace: the last part of its folder."""
        return self.root.name

    @property
    def store(self) -> Path:
        """Canonical tables, one Delta table a folder."""
        return self.root / "store"

    @property
    def rejected(self) -> Path:
        """Rows that broke a contract, kept with reason, row number and raw content."""
        return self.root / "rejected"

    @property
    def state_file(self) -> Path:
        """Application state where no server keeps it: the alerts and what people said of them."""
        return self.root / "alerts" / "alerts.sqlite"

    @property
    def state_mark(self) -> Path:
        """Names the schema of a server that keeps application state; absent otherwise."""
        return self.root / "state.json"

    @property
    def features(self) -> Path:
        """Feature files, the Feast registry and the embedded online store."""
        return self.root / "features"

    @property
    def recommendations(self) -> Path:
        """Output of batch scoring."""
        return self.root / "recommendations"
