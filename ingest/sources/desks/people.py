"""Who is a customer in a room that staff shares: told by name, else by the kind of account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.sources.base import SourceError


@dataclass(frozen=True)
class Person:
    """An account of a team chat.

    Attributes
    ----------
    id, username, name : str
        Identifier, handle and name as shown.
    email : str, optional
        Address.
    phone : str, optional
        Number.
    guest : bool
        Whether the system itself counts the account as a guest or stranger.
    bot : bool
        Whether it is a program.
    """

    id: str
    username: str = ""
    name: str = ""
    email: str | None = None
    phone: str | None = None
    guest: bool = False
    bot: bool = False

    def named(self, names: Iterable[str]) -> bool:
        """Return whether one of the names is this account: id, handle, name, address or @domain."""
        mine = {self.id, self.username, self.name, self.email or ""} - {""}
        domain = "@" + self.email.rpartition("@")[2] if self.email else None
        wanted = {name.lower() for name in names}
        return bool(wanted & {each.lower() for each in (*mine, domain or "")} - {""})


class People:
    """The accounts of an export, and which of them are customers.

    Parameters
    ----------
    desk : str
        Name of the source, for messages.
    staff : sequence of str
        Who serves: ids, handles, names, addresses or ``@domain``. All others are customers.
    customers : sequence of str
        Who is served. All others are staff; one of both lists is enough.
    """

    def __init__(self, desk: str, staff: Sequence[str], customers: Sequence[str]) -> None:
        self._desk = desk
        self._staff = tuple(staff)
        self._customers = tuple(customers)
        self._known: dict[str, Person] = {}

    def add(self, person: Person) -> None:
        """Remember an account; the last description of it counts."""
        self._known[person.id] = person

    def get(self, number: object) -> Person:
        """Return an account, nameless if the export does not describe it."""
        name = str(number)
        return self._known.get(name, Person(name))

    def check(self) -> tuple[str, ...]:
        """Return how customers are told from staff, in words.

        Raises
        ------
        SourceError
            If nothing tells them apart.
        """
        if self._staff or self._customers:
            return ()
        guests = sorted(one.name or one.id for one in self._known.values() if one.guest)
        if not guests:
            raise SourceError(
                f"{self._desk}: cannot tell customers from staff: the export has no guests or "
                "strangers. Say who serves with source.staff=[ann,@shop.example] (ids, handles, "
                "names, addresses or @domains), or who is served with source.customers=[...]"
            )
        return (
            f"{self._desk}: guests ({len(guests):,}) were taken for customers, everybody else for "
            "staff; source.staff=[...] or source.customers=[...] says otherwise",
        )

    def role(self, person: Person) -> str:
        """Return ``customer``, ``agent`` or ``bot``."""
        if person.bot:
            return "bot"
        if self._customers:
            return "customer" if person.named(self._customers) else "agent"
        if self._staff:
            return "agent" if person.named(self._staff) else "customer"
        return "customer" if person.guest else "agent"
