"""Deliver what waits to be told: with retries now, and again at the next evaluation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from insights.alerts.book import Book, Notice
from insights.alerts.message import parcel_of
from insights.alerts.rules import Rule
from insights.delivery.channels import Delivery
from insights.delivery.message import Language, Parcel
from insights.delivery.send import Sleep, tried


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
    with book.delivering():  # of two calls at the same time the second finds nothing waiting
        for notice in book.pending():
            rule = rules.get(notice.incident.rule)
            if rule is None:
                continue
            if now - notice.made_at > timedelta(hours=settings.stale_hours):
                book.give_up(notice.id)
                outcome["expired"] += 1
                continue
            arrived = _tried(book, notice, rule, settings, zone=zone, sleep=sleep)
            outcome["arrived" if arrived else "failed"] += 1
    return outcome


def _tried(
    book: Book, notice: Notice, rule: Rule, settings: Delivery, *, zone: str, sleep: Sleep
) -> bool:
    def parcel_in(lang: Language) -> Parcel:
        return parcel_of(notice, rule, lang, zone)

    def keep(arrived: bool, told: str, at: datetime) -> None:
        book.attempted(notice.id, arrived=arrived, told=told, at=at)

    channel = settings.channels.get(notice.channel)
    return tried(parcel_in, channel, keep, name=notice.channel, sleep=sleep)
