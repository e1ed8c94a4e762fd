"""Refuses connections to anywhere but this machine, as a machine without a network would.

Only the standard library, since ``sitecustomize`` beside it runs this in every Python process that
a test starts. What does not go through Python's ``socket`` (other programs, libraries that call the
operating system themselves) is not seen.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

attempts: list[str] = []  # what was refused in this process
_LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}


class BlockedError(OSError):
    """A connection that would have left this machine."""


def is_here(host: object) -> bool:
    """Return whether a host is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or str(name).lower() in _LOCAL_NAMES:
        return True
    if str(name).lower() in (socket.gethostname().lower(), "<broadcast>"):
        return str(name) != "<broadcast>"
    address = _address(name)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def block() -> None:
    """Refuse from now on, in this process. Doing it twice changes nothing."""
    if getattr(socket, "_only_here", False):
        return
    socket._only_here = True  # type: ignore[attr-defined]
    for name, place in (("connect", 0), ("connect_ex", 0), ("sendto", -1), ("sendmsg", 3)):
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name), place))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, _looked_up(getattr(socket, name)))


def _guarded(original: Any, place: int) -> Any:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        given = arguments[place] if -len(arguments) <= place < len(arguments) else None
        inet = self.family in (socket.AF_INET, socket.AF_INET6)
        if inet and isinstance(given, tuple) and not is_here(given[0]):
            attempts.append(f"{original.__name__} {given[0]}:{given[1]}")
            raise BlockedError(errno.ENETUNREACH, f"tests have no network: {given[:2]}")
        return original(self, *arguments)

    return guarded


def _looked_up(original: Any) -> Any:
    def looked_up(host: Any, *arguments: Any, **named: Any) -> Any:
        if not is_here(host) and _address(host) is None:  # an address needs no name server
            attempts.append(f"{original.__name__} {host}")
            raise socket.gaierror(socket.EAI_NONAME, f"tests have no network: {host}")
        return original(host, *arguments, **named)

    return looked_up


def _address(host: object) -> Any:
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None
