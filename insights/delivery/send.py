"""Send one parcel through one channel: with longer pauses between attempts, each of them kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from insights.delivery.channels import Channel, Email, Webhook
from insights.delivery.mail import send_mail
from insights.delivery.message import Language, Parcel
from insights.delivery.post import DeliveryError, send_webhook, send_wecom

Sleep = Callable[[float], object]
Keep = Callable[[bool, str, datetime], object]


def tried(
    parcel_in: Callable[[Language], Parcel],
    channel: Channel | None,
    keep: Keep,
    *,
    name: str,
    sleep: Sleep = time.sleep,
) -> bool:
    """Try to send a parcel as often as its channel says; return whether it arrived.

    Parameters
    ----------
    parcel_in : callable
        Language to the parcel.
    channel : Channel, optional
        None if there is none of this name any more.
    keep : callable
        ``(arrived, told, at)`` records one attempt.
    name : str
        Of the channel.
    sleep : callable
        How pauses between attempts are made.
    """
    if channel is None:
        keep(False, f"no channel {name!r} any more", datetime.now(UTC))
        return False
    for attempt in range(channel.attempts):
        if attempt:
            sleep(channel.pause * 2 ** (attempt - 1))
        at = datetime.now(UTC)
        arrived, told, again = _once(parcel_in(channel.lang), channel, at)
        keep(arrived, told, at)
        if arrived or not again:
            return arrived
    return False


def _once(parcel: Parcel, channel: Channel, at: datetime) -> tuple[bool, str, bool]:
    """Return whether it arrived, what was said, and whether to try again at once."""
    try:
        if isinstance(channel, Webhook):
            told = send_webhook(parcel, channel, at)
        elif isinstance(channel, Email):
            told = send_mail(parcel, channel, at)
        else:
            told = send_wecom(parcel, channel)
    except DeliveryError as error:
        return False, str(error), error.again
    except (ValueError, OSError) as error:
        return False, str(error), False
    return True, told, False
