"""How far a source was read: one small JSON file a source, kept with its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
from filelock import FileLock

from ingest.durable import whole


class Positions:
    """The last position of each stream (conversation, room, file) of one source.

    A position is written only after everything before it is stored: a load that was killed reads
    some of it again, and the store knows what it has. A store that is removed takes them with it.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the workspace.
    source : str
        Name of the source; becomes a file name.

    Examples
    --------
    >>> positions = Positions(Path("data/shop"), "chatlog")  # doctest: +SKIP
    >>> positions.get("wxid_ann")  # doctest: +SKIP
    '2026-03-01T10:00:00+08:00'
    """

    def __init__(self, root: Path, source: str) -> None:
        self.file = Path(root) / "store" / ".positions" / f"{source}.json"

    def get(self, stream: str) -> str | None:
        """Return the position of a stream, None if it was never read."""
        return self.all().get(stream)

    def all(self) -> dict[str, str]:
        """Return all positions.

        Raises
        ------
        ValueError
            If the file is no JSON object of texts.
        """
        if not self.file.exists():
            return {}
        try:
            found = orjson.loads(self.file.read_bytes())
        except orjson.JSONDecodeError as error:
            raise ValueError(self._odd(str(error))) from error
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise ValueError(self._odd(str(found)[:80]))
        return found

    def put(self, reached: Mapping[str, str]) -> None:
        """Move some streams to where they are now; the others stay where they were."""
        if not reached:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.file.with_suffix(".lock")):
            content = orjson.dumps({**self.all(), **reached}, option=orjson.OPT_INDENT_2)
            with whole(self.file) as out:
                out.write(content)

    def _odd(self, received: str) -> str:
        return (
            f"{self.file}: expected a JSON object of positions by stream, received {received}. "
            "Remove the file to read everything again; nothing is stored twice"
        )
