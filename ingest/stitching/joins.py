"""Which customers are one: groups that share keys, and the keys that must not join anybody.

Customers are joined by every key they share (union-find), but for four cases, which are reported
and join nobody:

- a customer with two union ids: one person has one, so the record mixes two people;
- a telephone number or address held under two union ids: two people use it;
- a chain of keys that ends at two union ids: which link is wrong, nothing tells, so no number and
  no address of the chain joins;
- a key that more than :data:`SHARED_BY` customers hold: a shop's, not a person's.

The result does not depend on the order of anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Key = tuple[str, str]  # kind, key
SHARED_BY = 10


@dataclass(frozen=True, order=True)
class Held:
    """A key that a customer has.

    Attributes
    ----------
    customer_id : str
        Who has it.
    kind : str
        ``unionid``, ``email`` or ``phone``.
    key : str
        In the one spelling that is compared.
    source : str
        Which source says so.
    field : str
        Under which name it was found there.
    """

    customer_id: str
    kind: str
    key: str
    source: str = ""
    field: str = ""


@dataclass(frozen=True)
class Group:
    """Customers who are one.

    Attributes
    ----------
    canonical : str
        The member that was recorded first: later members never rename the group.
    members : tuple of str
        All of them, sorted.
    keys : dict of tuple to tuple
        Key -> members who hold it, of the keys that at least two of them share.
    """

    canonical: str
    members: tuple[str, ...]
    keys: Mapping[Key, tuple[str, ...]]


@dataclass(frozen=True)
class Conflict:
    """A reason why customers were not joined.

    Attributes
    ----------
    reason : str
        One sentence.
    keys : tuple of tuple
        The keys that would have joined them.
    customers : tuple of str
        Whom they would have joined.
    """

    reason: str
    keys: tuple[Key, ...]
    customers: tuple[str, ...]


@dataclass(frozen=True)
class Joins:
    """Groups of two and more, and what was not joined."""

    groups: tuple[Group, ...]
    conflicts: tuple[Conflict, ...]

    def canonical(self) -> dict[str, str]:
        """Return customer -> first recorded member of the group, of those who have another id."""
        return {
            member: group.canonical
            for group in self.groups
            for member in group.members
            if member != group.canonical
        }


def join(held: Mapping[str, Iterable[Key]], age: Mapping[str, object] | None = None) -> Joins:
    """Join customers by the keys they hold.

    Parameters
    ----------
    held : mapping
        Customer -> keys.
    age : mapping, optional
        Customer -> anything that sorts by when it was recorded; without, the smallest id is first.
    """
    holders: dict[Key, set[str]] = defaultdict(set)
    for customer, keys in held.items():
        for key in keys:
            holders[key].add(customer)
    conflicts = _take_out(holders)
    chains = [members for members in _components(holders) if len(_unions(members, holders)) > 1]
    for members in chains:
        keys = sorted(k for k, who in holders.items() if k[0] != "unionid" and who & members)
        linking = tuple(key for key in keys if len(holders[key]) > 1)
        reason = "keys lead from one union id to another: which link is wrong cannot be told"
        conflicts.append(Conflict(reason, linking, tuple(sorted(members))))
        for key in keys:
            del holders[key]
    ages = age or {}
    groups = [_group(members, holders, ages) for members in _components(holders)]
    ordered = sorted(conflicts, key=lambda one: (one.reason, one.keys, one.customers))
    return Joins(tuple(sorted(groups, key=lambda one: one.members)), tuple(ordered))


def _take_out(holders: dict[Key, set[str]]) -> list[Conflict]:
    """Remove the customers and keys that must not join anybody, and say why."""
    conflicts = []
    for customer, unions in sorted(_union_ids(holders).items()):
        if len(unions) > 1:
            keys = tuple(sorted(("unionid", union) for union in unions))
            reason = "a customer has several union ids: the record mixes people"
            conflicts.append(Conflict(reason, keys, (customer,)))
            for who in holders.values():
                who.discard(customer)
    unions_of = _union_ids(holders)
    for key, who in sorted(holders.items()):
        found = {union for customer in who for union in unions_of.get(customer, ())}
        reason = ""
        if key[0] != "unionid" and len(found) > 1:
            reason = f"one {key[0]} under {len(found)} union ids: several people use it"
        elif len(who) > SHARED_BY:
            reason = f"one {key[0]} held by more than {SHARED_BY} customers: it is nobody's own"
        if reason:
            conflicts.append(Conflict(reason, (key,), tuple(sorted(who))))
            del holders[key]
    return conflicts


def _union_ids(holders: Mapping[Key, set[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for (kind, key), who in holders.items():
        for customer in who if kind == "unionid" else ():
            found[customer].add(key)
    return found


def _unions(members: set[str], holders: Mapping[Key, set[str]]) -> set[str]:
    return {key for (kind, key), who in holders.items() if kind == "unionid" and who & members}


def _components(holders: Mapping[Key, set[str]]) -> list[set[str]]:
    """Return the sets of two and more customers that keys connect (union-find, halving paths)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for who in holders.values():
        first, *others = sorted(who) or [""]
        for other in others:
            parent[root(other)] = root(first)
    found: dict[str, set[str]] = defaultdict(set)
    for name in list(parent):
        found[root(name)].add(name)
    return [members for members in found.values() if len(members) > 1]


def _group(members: set[str], holders: Mapping[Key, set[str]], age: Mapping[str, object]) -> Group:
    def place(name: str) -> tuple[bool, str, str]:
        return (name not in age, str(age.get(name, "")), name)

    keys = {
        key: tuple(sorted(who & members))
        for key, who in sorted(holders.items())
        if len(who & members) > 1
    }
    return Group(min(members, key=place), tuple(sorted(members)), keys)
