"""What a reader sees of a mail, as plain text and as a page."""

from collections import Counter
from email.message import EmailMessage
from html.parser import HTMLParser

from flows.alert.digest import Digest, Notice
from tests.unit.flows.alert.mails import received


class Page(HTMLParser):
    """What a reader sees of a page, alternative texts included, and what it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        self.words += [value or "" for name, value in attrs if name == "alt"]

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() != "<style>":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text_of(mail: EmailMessage) -> str:
    return _content(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    return _content(mail, "html")


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def bodies(message: Digest | Notice) -> tuple[str, str]:
    """Plain text, and what is seen of the HTML."""
    mail = received(message)
    return text_of(mail), Page(html_of(mail)).text
