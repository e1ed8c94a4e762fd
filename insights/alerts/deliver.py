"""Deliver what waits to be told: with retries now, and again at the next evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from filelock import FileLock

from insights.alerts.book import Book, Notice
from insights.alerts.channels import Channel, Delivery, Email, Webhook
from insights.alerts.mail import send_mail
from insights.alerts.message import message_of
from insights.alerts.post import DeliveryError, send_webhook, send_wecom
from insights.alerts.rules import Rule

Sleep = Callable[[float], object]


def deliver(
    book: Book,
    settings: Delivery,
    rules: Mapping[str, Rule],
    *,
    zone: str,
    now: datetime,
    sleep: Sleep = time.sleep,
) -> dict[str, int]:
    """Try to deliver every notice that waits; each attempt is kept.

    Parameters
    ----------
    book : Book
        Where notices wait.
    settings : Delivery
        Channels.
    rules : mapping of str to Rule
        Rules by name; notices of others wait until their rule is evaluated.
    zone : str
        IANA time zone of the times in messages.
    now : datetime
        The moment of the evaluation.
    sleep : callable
        How pauses between attempts are made.

    Returns
    -------
    dict of str to int
        How many notices ``arrived``, ``failed`` (and wait for the next evaluation) or ``expired``.
    """
    outcome = dict.fromkeys(("arrived", "failed", "expired"), 0)
    with FileLock(book.lock):  # of two calls at the same time the second finds nothing waiting
        for notice in book.pending():
            rule = rules.get(notice.incident.rule)
            if rule is None:
                continue
            if now - notice.made_at > timedelta(hours=settings.stale_hours):
                book.give_up(notice.id)
                outcome["expired"] += 1
                continue
            channel = settings.channels.get(notice.channel)
            arrived = _tried(book, notice, rule, channel, zone=zone, sleep=sleep)
            outcome["arrived" if arrived else "failed"] += 1
    return outcome


def _tried(
    book: Book, notice: Notice, rule: Rule, channel: Channel | None, *, zone: str, sleep: Sleep
) -> bool:
    if channel is None:
        told = f"no channel {notice.channel!r} any more"
        book.attempted(notice.id, arrived=False, told=told, at=datetime.now(UTC))
        return False
    for attempt in range(channel.attempts):
        if attempt:
            sleep(channel.pause * 2 ** (attempt - 1))
        at = datetime.now(UTC)
        arrived, told, again = _once(notice, rule, channel, zone, at)
        book.attempted(notice.id, arrived=arrived, told=told, at=at)
        if arrived or not again:
            return arrived
    return False


def _once(
    notice: Notice, rule: Rule, channel: Channel, zone: str, at: datetime
) -> tuple[bool, str, bool]:
    """Return whether a message arrived, what was said, and whether to try again at once."""
    message = message_of(notice, rule, channel.lang, zone)
    try:
        if isinstance(channel, Webhook):
            told = send_webhook(notice, message, channel, at)
        elif isinstance(channel, Email):
            told = send_mail(notice, message, channel, at)
        else:
            told = send_wecom(notice, message, channel)
    except DeliveryError as error:
        return False, str(error), error.again
    except ValueError as error:
        return False, str(error), False
    return True, told, False
