"""Generic files of conversations: CSV, TSV, JSON Lines or Parquet with columns in any language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, validate_call

from ingest.sources.base import RawBatch, SourceError, Times
from ingest.sources.chat_columns import (
    Speakers,
    checked_role,
    described,
    find_columns,
    time_formats,
)
from ingest.sources.chat_rows import Chat, column_values
from ingest.sources.files import Files
from ingest.sources.mapping import checked_zone
from ingest.sources.readers import reader_for

Role = Annotated[str, AfterValidator(checked_role)]
_UNDATED = "No column tells times: messages are dated by their file, in their order"
_SPEAKERS = {"sender_role", "sender", "customer_id", "agent_id"}


class Messages(Files):
    """Conversations in files whose columns are guessed by their names, or told.

    Only a text is needed. Without a column of conversations each customer has one, without
    customers each file is one. Without times, messages are dated by their file, in their order.
    Columns that are nothing else are kept as JSON in ``raw``. Ratings and labels become events of
    their conversation, each once.

    Parameters
    ----------
    path : str
        A file, a folder or a pattern.
    columns : dict of str to str
        What -> column, where the guess is wrong: ``text``, ``occurred_at``, ``conversation_id``,
        ``customer_id``, ``agent_id``, ``sender_role``, ``sender``, ``rating``, ``labels`` and so
        on; None for what no column is.
    roles : dict of str to str
        Value of the column ``sender_role`` or ``sender`` -> customer, agent, bot or system.
    staff : tuple of str
        Senders who serve, where no column tells the role; all others are customers.
    role : str, optional
        Role of all messages.
    channel : str, optional
        Channel of all messages, where no column tells it.
    name : str
        What to call the source in the column ``source``.
    zone : str
        IANA zone of times that have none.

    Raises
    ------
    SourceError
        If no path is given; when loading starts, if a column cannot be told.
    """

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        columns: dict[str, str | None] | None = None,
        roles: dict[str, Role] | None = None,
        staff: tuple[str, ...] = (),
        role: Role | None = None,
        channel: str | None = None,
        name: Annotated[str, Field(min_length=1)] = "messages",
        zone: Annotated[str, AfterValidator(checked_zone)] = "UTC",
    ) -> None:
        if not path:
            raise SourceError("messages: expected a file, a folder or a pattern: give path=FILE")
        super().__init__(path=path, name=name, zone=zone)
        self._told = columns or {}
        self._speakers = Speakers(roles or {}, staff, role)
        self._channel = channel

    def batches(self) -> Iterator[RawBatch]:
        """Yield messages, then ratings and labels, a part of a file at a time.

        Raises
        ------
        SourceError
            Before anything is yielded if the columns of a file cannot be told; after everything
            else is yielded if some files could not be read to their end.
        """
        failures: list[str] = []
        chats = [chat for file in self._files() if (chat := self._chat(file, failures)) is not None]
        for chat in chats:
            try:
                for part in reader_for(chat.file)(chat.file):
                    yield from chat.batches(part)
            except SourceError as error:
                failures.append(str(error))
        if failures:
            raise SourceError("\n".join(failures))

    def _chat(self, file: Path, failures: list[str]) -> Chat | None:
        try:
            part = next(reader_for(file)(file), None)
        except SourceError as error:
            failures.append(str(error))
            return None
        if part is None or not part.rows.column_names:
            return None
        names = part.rows.column_names
        found = find_columns(str(file), names, self._told)
        self._check_speakers(file, found)
        formats = time_formats(column_values(part.rows, found.get("occurred_at")))
        note = described(file.name, found, names, self._zone, formats)
        return Chat(
            file=file,
            columns=found,
            speakers=self._speakers,
            channel=self._channel,
            times=Times(self._zone, formats),
            note=note if "occurred_at" in found else f"{note}. {_UNDATED}",
        )

    def _check_speakers(self, file: Path, found: dict[str, str]) -> None:
        if self._speakers.role is None and not _SPEAKERS & found.keys():
            raise SourceError(
                f"{file}: cannot tell who speaks: no column looks like a role, a sender, a "
                "customer or an agent. Say which is: 'source.columns={sender: COLUMN}' with "
                "'source.staff=[ann]', or that all are of one role: source.role=customer"
            )
