"""What is sent, whatever the channel: a message in words, its facts, and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Message:
    """News in words.

    Attributes
    ----------
    title : str
        One line.
    facts : dict of str to str
        What is known, by its name in the language.
    """

    title: str
    facts: dict[str, str]

    @property
    def text(self) -> str:
        """Title and facts, one a line."""
        return "\n".join(
            [self.title, "", *(f"{name}: {fact}" for name, fact in self.facts.items())]
        )


@dataclass(frozen=True)
class Parcel:
    """One message for one channel.

    Attributes
    ----------
    id : str
        The same however often it is sent: receivers recognize what they have.
    message : Message
        In the language of the channel.
    severity : str
        ``info``, ``warning`` or ``critical``: how a robot colors it.
    facts : mapping
        What a webhook gets beside title and text.
    files : tuple of Path
        What a mail carries.
    """

    id: str
    message: Message
    severity: str
    facts: Mapping[str, object]
    files: tuple[Path, ...] = ()
