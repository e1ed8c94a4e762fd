"""Messages by SMTP."""

from __future__ import annotations

import mimetypes
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from insights.delivery.channels import Email, secret
from insights.delivery.message import Parcel
from insights.delivery.post import DeliveryError

_PERMANENT = 500  # answers of SMTP from here on will not change
_UNKNOWN = "application/octet-stream"


def mail_of(parcel: Parcel, channel: Email, at: datetime) -> EmailMessage:
    """Return the mail; its id is the parcel's, so that a mail sent twice is recognized."""
    mail = EmailMessage()
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Subject"] = " ".join(parcel.message.title.split())
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{parcel.id}@{channel.sender.rsplit('@', 1)[1]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail.set_content(parcel.message.text)
    for file in parcel.files:
        main, _, kind = (mimetypes.guess_type(file.name)[0] or _UNKNOWN).partition("/")
        mail.add_attachment(file.read_bytes(), maintype=main, subtype=kind, filename=file.name)
    return mail


def send_mail(parcel: Parcel, channel: Email, at: datetime) -> str:
    """Send one mail; returns who it was accepted for.

    Raises
    ------
    DeliveryError
        If the server did not accept it for everybody.
    ValueError
        If an environment variable is missing.
    OSError
        If a file cannot be read.
    """
    mail = mail_of(parcel, channel, at)
    try:
        with _connected(channel) as server:
            refused = server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        again = error.smtp_code < _PERMANENT
        raise DeliveryError(f"SMTP {error.smtp_code}", again=again) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        again = min(codes) < _PERMANENT
        raise DeliveryError(f"recipients refused: SMTP {codes}", again=again) from None
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(type(error).__name__, again=True) from None
    if refused:
        return f"accepted but for {len(refused)} of {len(channel.to)} recipients"
    return "accepted"


def _connected(channel: Email) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if channel.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            channel.host, channel.port, timeout=channel.timeout, context=context
        )
    else:
        server = smtplib.SMTP(channel.host, channel.port, timeout=channel.timeout)
    try:
        if channel.security == "starttls":
            server.starttls(context=context)
        if channel.user_env is not None and channel.password_env is not None:
            user, password = (secret(name) for name in (channel.user_env, channel.password_env))
            server.login(user.get_secret_value(), password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server
