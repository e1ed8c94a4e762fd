"""Labels that people gave: files with a text and where it belongs, perhaps by whom and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, validate_call

from ingest.sources.base import SourceError
from ingest.sources.files import Files
from ingest.sources.guess import matches
from ingest.sources.mapping import TableMapping, checked_zone
from ingest.sources.synonyms import NEEDED


class Labels(Files):
    """Rows of CSV, TSV, JSON Lines or Parquet files for the table ``labels``.

    Columns are guessed: ``text``, ``label`` and, where there are, ``taxonomy``, ``annotator``,
    ``text_id``, ``at``, ``source``. Other columns, such as those of a file of suggestions, are left
    out. Labels without a time are dated by their file. A row that says what a row before said is a
    duplicate: who goes back to an earlier label gives the time ``at``.

    Parameters
    ----------
    path : str
        A file, a folder or a pattern.
    taxonomy : str, optional
        Of files without that column: a name of ``conf/taxonomy``.
    annotator : str, optional
        Who labeled, for files that do not say.
    name : str
        What to call the source in the load report.
    zone : str
        IANA zone of times that have none.

    Raises
    ------
    SourceError
        If no path is given; when loading starts, if a column that is needed is missing.
    """

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        taxonomy: str | None = None,
        annotator: str | None = None,
        name: Annotated[str, Field(min_length=1)] = "labels",
        zone: Annotated[str, AfterValidator(checked_zone)] = "UTC",
    ) -> None:
        if not path:
            raise SourceError("labels: expected a file, a folder or a pattern: give path=FILE")
        super().__init__(path=path, name=name, zone=zone)
        told = {"taxonomy": taxonomy, "annotator": annotator}
        self._told = {column: value for column, value in told.items() if value is not None}

    def _guess(self, file: str, columns: Sequence[str]) -> TableMapping:
        found = matches("labels", columns)
        constants: dict[str, str | bool | int | float] = {
            name: value for name, value in self._told.items() if name not in found
        }
        missing = sorted(NEEDED["labels"] - found.keys() - constants.keys())
        if missing:
            raise SourceError(
                f"{file}: labels need {', '.join(missing)}, received the columns "
                f"{', '.join(columns)}. Name the columns so"
                + (", or give taxonomy=NAME" if "taxonomy" in missing else "")
            )
        return TableMapping(
            table="labels", files=file, columns=found, constants=constants, attributes="none"
        )
