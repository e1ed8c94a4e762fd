"""What findings read: canonical tables and the texts that were analyzed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq

from ingest.store import Store
from ingest.workspace import Workspace

TEXT_COLUMNS = [
    "text_id",
    "kind",
    "source",
    "customer_id",
    "item_id",
    "occurred_at",
    "polarity",
    "sentiment",
    "topic",
]


@dataclass(frozen=True)
class Tables:
    """Read-only view of one workspace for findings.

    Parameters
    ----------
    workspace : Workspace
        The business whose records are counted.
    """

    workspace: Workspace

    def read(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return the named columns of a canonical table."""
        frame: pd.DataFrame = Store(self.workspace.store).read(table, columns=columns).to_pandas()
        return frame

    def texts(self) -> pd.DataFrame:
        """Return sentiment, polarity and topic of every review and customer message.

        Raises
        ------
        FileNotFoundError
            If no text of this workspace was analyzed yet.
        """
        folder = self.workspace.features / "text" / "texts.parquet"
        if not folder.exists():
            raise FileNotFoundError(
                f"no analyzed texts at {folder}: "
                f"run `python -m features workspace={self.workspace.name}` first"
            )
        frame: pd.DataFrame = pq.read_table(folder, columns=TEXT_COLUMNS).to_pandas()
        return frame
