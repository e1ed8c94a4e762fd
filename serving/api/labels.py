"""Accept labels: checked against their taxonomy, personal data masked, durable before the answer.

All labels of a request are stored or none: a person sends a handful, and corrects what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.schemas import LABELS
from ingest.store import Store
from serving.api.label_schemas import LabelIn, LabelsReceipt
from serving.errors import BadRequestError

MAX_LABELS = 1000


def rows_of(labels: Sequence[LabelIn], received: datetime | None = None) -> pa.Table:
    """Return canonical rows, personal data in the texts masked.

    A label is kept as long as it teaches; whose text it is, only ``text_id`` tells.

    Raises
    ------
    BadRequestError
        If a taxonomy or label is not declared; names the first one and the closest there are.
    """
    from features.text.pii.mask import mask  # noqa: PLC0415  (needed by the first label, not before)

    now = received or datetime.now(UTC)
    rows = [
        {**label.model_dump(), "text": mask(label.text), "at": label.at or now} for label in labels
    ]
    table = pa.Table.from_pylist(rows, schema=LABELS.schema)
    for violation in LABELS.violations(table):
        position = pc.index(pc.fill_null(violation.bad, False), True).as_py()
        raise BadRequestError(
            f"Label {position} of the request cannot be stored: {violation.column}.",
            expected=violation.expected,
            received=repr(rows[position][violation.column]),
            todo="Correct it and send all again; nothing of this request was stored.",
        )
    return table


class LabelDesk:
    """Writes labels to the canonical table; used by one thread at a time.

    Parameters
    ----------
    store : Store
        Canonical tables of the workspace.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def commit(self, rows: pa.Table) -> LabelsReceipt:
        """Store rows in one durable commit and count what became of them.

        Raises
        ------
        BadRequestError
            If a row retracts a label that does not exist.
        """
        self._check_retractions(rows)
        added = self._store.add(LABELS.name, rows)
        return LabelsReceipt(
            received=rows.num_rows, accepted=added.accepted, duplicate=added.duplicate
        )

    def _check_retractions(self, rows: pa.Table) -> None:
        targets = pc.drop_null(rows["retracts"].combine_chunks())
        if not len(targets):
            return
        stored = self._store.read(LABELS.name, ["label_id"], pc.field("label_id").isin(targets))
        known = {*stored["label_id"].to_pylist(), *rows["label_id"].to_pylist()}
        for target in targets.to_pylist():
            if target not in known:
                raise BadRequestError(
                    f"There is no label {target!r} to retract.",
                    expected="the label_id of a label that was stored",
                    received=repr(target),
                    todo="Correct retracts; nothing of this request was stored.",
                )
