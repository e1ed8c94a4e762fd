"""Where one business's data lives: a workspace is one folder, and its parts have fixed names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Workspace:
    """The folders of one business: tables, rejected rows, features, bundles and outputs.

    Parameters
    ----------
    root : Path
        Folder of the workspace, usually ``data/<name>``. Created when first written to.
    """

    root: Path

    @classmethod
    def named(cls, name: str, base: Path | str = "data") -> Workspace:
        """Return the workspace called ``name`` below ``base``.

        Raises
        ------
        ValueError
            If the name is not lower-case letters, digits, ``_`` and ``-``.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"workspace {name!r}: expected lower-case letters, digits, '_' and '-', "
                "because the name becomes a folder and part of MLflow names"
            )
        return cls(Path(base).resolve() / name)

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
    def features(self) -> Path:
        """Feature files, the Feast registry and the embedded online store."""
        return self.root / "features"

    @property
    def recommendations(self) -> Path:
        """Output of batch scoring."""
        return self.root / "recommendations"
