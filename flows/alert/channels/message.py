"""A mail as MIME: what may be read, what is shown in it, and what is attached.

multipart/mixed
├── multipart/alternative
│   ├── text/plain
│   └── multipart/related
│       ├── text/html
│       └── image/png        shown inline, by its Content-ID
└── text/csv or application/gzip
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from flows.alert.channels.letter import write
from flows.alert.digest import Digest, Notice

SENDER_NAME = "Order monitoring"


def compose(
    message: Digest | Notice, sender: str, recipients: Sequence[str], message_id: str
) -> EmailMessage:
    """A message of ASCII characters in short lines.

    For the same message, only `Date` differs from one call to the next.
    """
    letter = write(message, message_id)
    mail = EmailMessage()
    mail["Subject"] = letter.subject
    local_part, _, domain = sender.rpartition("@")
    mail["From"] = Address(SENDER_NAME, local_part, domain)
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text, cte=_encoding(letter.text))
    mail.add_alternative(letter.html, subtype="html", cte=_encoding(letter.html))
    if letter.image:
        _show(mail, letter.image, letter.content_id)
    if letter.attachment:
        file = letter.attachment
        kind = ("application", "gzip") if file.is_compressed else ("text", "csv")
        mail.add_attachment(
            file.content,
            *kind,
            filename=file.name,
            params=None if file.is_compressed else {"charset": "utf-8"},
        )
    _name_boundaries(mail, message_id)
    return mail


def _encoding(text: str) -> str:
    """Quoted-printable, which a person can read, unless base64 is shorter: 3 bytes for 1 against 4 for 3."""
    encoded = text.encode()
    outside = len(encoded.translate(None, bytes(range(128))))
    return "base64" if 6 * outside > len(encoded) else "quoted-printable"


def _show(mail: EmailMessage, image: bytes, content_id: str) -> None:
    page = mail.get_body(("html",))
    assert isinstance(page, EmailMessage)
    page.add_related(image, "image", "png", cid=f"<{content_id}>", disposition="inline", filename="chart.png")
    page.set_param("type", "text/html")  # RFC 2387 asks for it


def _name_boundaries(mail: EmailMessage, message_id: str) -> None:
    """Boundaries follow from the Message-ID. No encoded line can begin like them."""
    unique = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{unique}_{number}")
