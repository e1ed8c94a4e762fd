"""``ocr.parquet``: the lines of the pictures that messages point to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.base import content_hash
from features.text.cache import Cached, open_cache, prune
from features.text.ocr.engine import Reader
from features.text.ocr.kinds import kind_of, speaker_of
from features.text.ocr.lines import Line
from features.text.ocr.picture import ImageError, content, opened

if TYPE_CHECKING:
    from ingest.store import Store

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
_FILE_KEYS = ("path", "file", "filename", "name")  # where sources say which file it is
_LINE = pa.struct([("text", pa.string()), ("box", pa.list_(pa.float32())), ("sure", pa.float32())])
_SHARED = [("message_id", pa.string()), ("customer_id", pa.string()), ("picture", pa.string())]
OCR = pa.schema(
    [
        *_SHARED,
        ("kind", pa.string()),
        ("line", pa.int32()),
        ("speaker", pa.string()),
        ("text", pa.string()),
        ("box", pa.list_(pa.float32())),
        ("confidence", pa.float32()),
    ]
)
PROBLEMS = pa.schema([*_SHARED, ("problem", pa.string())])


@dataclass(frozen=True)
class _Pointer:
    """A picture that a message points to: its bytes' hash, or why there are none."""

    message: Mapping[str, Any]
    picture: str
    key: str = ""
    problem: str = ""


class PictureAnalyzer:
    """The lines of pictures, in the shape that the cache of texts knows.

    Parameters
    ----------
    reader : Reader
        Reads them.
    files : dict
        The file of each picture, by the hash of its bytes.
    """

    name = "ocr"
    schema = pa.schema(
        [("lines", pa.list_(_LINE)), ("width", pa.int32()), ("problem", pa.string())]
    )

    def __init__(self, *, reader: Reader, files: Mapping[str, Path]) -> None:
        self._reader = reader
        self._files = files
        self.version = reader.version

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the lines and the width of each picture; ``texts`` are hashes."""
        rows = [self._of(self._files[key]) for key in texts]
        return pa.Table.from_pylist(rows, schema=self.schema)

    def _of(self, file: Path) -> dict[str, Any]:
        try:
            data = content(file)
            width = opened(data).width
            lines = self._reader.read(data)
        except ImageError as error:
            return {"lines": [], "width": 0, "problem": str(error)}
        found = [
            {"text": line.text, "box": list(line.box), "sure": line.confidence} for line in lines
        ]
        return {"lines": found, "width": width, "problem": ""}


def write_ocr(folder: Path, store: Store, *, root: Path, reader: Reader | None = None) -> None:
    """Read the pictures that messages point to, each content once.

    Writes ``ocr.parquet`` with the columns of :data:`OCR`, ``ocr_problems.parquet`` with those of
    :data:`PROBLEMS` for pictures that are missing or cannot be read, and ``ocr.json``: how many
    there are. What was read is kept in ``cache/pictures.sqlite`` by the hash of the bytes; pictures
    that no message points to any more are forgotten.

    Parameters
    ----------
    folder : Path
        Where the results of text analysis are.
    store : Store
        Its ``messages``: ``media`` is a JSON object, or a list of them, with ``path``, ``file``,
        ``filename`` or ``name``.
    root : Path
        Those files are relative to it; files elsewhere are not read.
    reader : Reader, optional
        Reads them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    pointers = list(_pointers(store, root.resolve(), files))
    with open_cache(folder / "cache" / "pictures.sqlite") as connection:
        cached = Cached(PictureAnalyzer(reader=reader or Reader(), files=files), connection)
        read = {key: cached.analyze([key]).to_pylist()[0] for key in files}
        prune(connection, (content_hash(key) for key in files))
    problems: list[dict[str, Any]] = []
    lines = [row for pointer in pointers for row in _rows(pointer, read, problems)]
    _write(folder / "ocr.parquet", lines, OCR)
    _write(folder / "ocr_problems.parquet", problems, PROBLEMS)
    report = {
        "pictures": len(pointers),
        "distinct": len(files),
        "read_now": cached.analyzed,
        "lines": len(lines),
        "problems": dict(Counter(_reason(row["problem"]) for row in problems)),
    }
    (folder / "ocr.json").write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))


def _pointers(store: Store, root: Path, files: dict[str, Path]) -> Iterator[_Pointer]:
    """Yield the pictures of all messages, and note the file of each content."""
    wanted = pc.is_valid(pc.field("media")) & ~pc.field("recalled")
    rows = store.read("messages", columns=["message_id", "customer_id", "media"], filter=wanted)
    for message in rows.sort_by("message_id").to_pylist():
        for picture in _named(orjson.loads(message["media"])):
            try:
                file = _inside(root, picture)
                key = hashlib.blake2b(content(file), digest_size=16).hexdigest()
            except ImageError as error:
                yield _Pointer(message, picture, problem=str(error))
                continue
            files.setdefault(key, file)
            yield _Pointer(message, picture, key=key)


def _named(media: Any) -> Iterator[str]:
    """Yield the picture that each object names, by the first of the known keys."""
    for one in media if isinstance(media, list) else [media]:
        if isinstance(one, dict):
            names = (one.get(key) for key in _FILE_KEYS)
            found = (name for name in names if isinstance(name, str) and _is_picture(name))
            yield from list(found)[:1]


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and "://" not in name


def _inside(root: Path, name: str) -> Path:
    file = (root / name).resolve()
    if "\x00" in name or not file.is_relative_to(root):
        raise ImageError(f"picture {name}: outside the workspace; copy it below its folder")
    if not file.is_file():
        raise ImageError(f"picture {name}: no such file; copy it below the workspace's folder")
    return file


def _rows(
    pointer: _Pointer, read: Mapping[str, Any], problems: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    shared = {name: pointer.message[name] for name in ("message_id", "customer_id")}
    shared["picture"] = pointer.picture
    found = read.get(pointer.key, {"lines": [], "width": 0, "problem": pointer.problem})
    if found["problem"]:
        problems.append({**shared, "problem": found["problem"]})
        return
    lines = [
        Line(line["text"], tuple(line["box"]), min(1.0, line["sure"]), place)
        for place, line in enumerate(found["lines"])
    ]
    kind = kind_of(lines, found["width"])
    for line in lines:
        speaker = speaker_of(line, found["width"]) if kind == "chat" else ""
        yield {**shared, "kind": kind, "line": line.order, "speaker": speaker, "text": line.text,
               "box": list(line.box), "confidence": line.confidence}  # fmt: skip


def _reason(problem: str) -> str:
    """Return a problem without the name of its picture, so that equal ones count together."""
    return problem.partition(": ")[2].partition("(")[0].strip()


def _write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    draft = path.with_suffix(".draft")
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), draft, compression="zstd")
    draft.replace(path)
