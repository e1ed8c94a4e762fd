"""Conversations of a month, so many a day, for tests of action items."""

from __future__ import annotations


def chats(days: dict[int, tuple[int, int]], channel: str = "web") -> str:
    """Return so many conversations on each day of March, answered after so many minutes."""
    lines = [
        f"{day:02d}T10:{n:02d} {channel}{day}-{n} customer:c{n} channel={channel}\n"
        f"{day:02d}T10:{n + wait + n % 2:02d} {channel}{day}-{n} agent:ann channel={channel}"
        for day, (count, wait) in days.items()
        for n in range(count)
    ]
    return "\n".join(lines)
