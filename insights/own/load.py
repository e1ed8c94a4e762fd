"""Read the files of a business's own findings; one that is broken leaves the others as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from insights.finding import Finding
from insights.own.python import from_python
from insights.own.sql import from_sql

_READERS = {".py": from_python, ".sql": from_sql}


@dataclass(frozen=True)
class Own:
    """What was found in the files.

    Attributes
    ----------
    findings : mapping of str to Finding
        By id.
    broken : mapping of Path to str
        Files that were left out, and why.
    """

    findings: Mapping[str, Finding]
    broken: Mapping[Path, str]


def load(places: Sequence[Path], taken: Mapping[str, Finding]) -> Own:
    """Return the findings of files and folders.

    Parameters
    ----------
    places : sequence of Path
        Files, or folders of them; files whose names begin with ``_`` are no metrics.
    taken : mapping of str to Finding
        Findings of the house, whose names nobody else may use.
    """
    findings: dict[str, Finding] = {}
    broken: dict[Path, str] = {}
    whose = {each.name: "the house" for each in taken.values()}
    for file in dict.fromkeys(each for place in places for each in _files(place)):
        try:
            found = _read(file, *_stamp(file))
            for each in found:
                if each.name in whose:
                    raise ValueError(  # noqa: TRY301
                        f"the name {each.name!r} belongs to {whose[each.name]}; choose another"
                    )
            if len({each.id for each in found}) < len(found):
                raise ValueError("FINDINGS: two have the same name and family")  # noqa: TRY301
        except (ValueError, OSError) as error:
            broken[file] = f"{file}: {error}"
            continue
        findings |= {each.id: each for each in found}
        whose |= {each.name: file.name for each in found}
    return Own(findings, broken)


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for file in sorted(place.iterdir()):
        if file.suffix in _READERS and not file.name.startswith("_"):
            yield file


def _stamp(file: Path) -> tuple[int, int]:
    """Return what changes when a file is written again.

    Raises
    ------
    ValueError
        If there is no such file, or it is of no kind that is read.
    """
    if not file.is_file():
        raise ValueError("there is no such file or folder; correct `metrics`")
    if file.suffix not in _READERS:
        raise ValueError(f"expected a file ending in {' or '.join(_READERS)}")
    known = file.stat()
    return known.st_mtime_ns, known.st_size


@lru_cache(maxsize=256)
def _read(file: Path, _written: int, _size: int) -> tuple[Finding, ...]:
    return _READERS[file.suffix](file)
