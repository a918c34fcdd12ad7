"""Ways to reach people. A channel is one class, which renders a digest in its own form and hands it over."""

from dataclasses import dataclass, field
from typing import Protocol

from flows.alert.digest import Digest, Notice

NO_DOMAIN = "order-monitoring"
"""The right side of the Message-ID of what no e-mail address sends."""


@dataclass(frozen=True)
class Receipt:
    """Whom a message reached, and who was refused, with the other side's words."""

    reached: list[str]
    refused: dict[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """One way to reach one audience. Nothing is connected, and no block loaded, before it is needed."""

    @property
    def kind(self) -> str:
        """`email`, `slack`, `teams` or `webhook`."""

    @property
    def recipients(self) -> list[str]:
        """E-mail addresses, or the name of the block."""

    @property
    def domain(self) -> str:
        """The right side of Message-IDs."""

    def render(self, message: Digest | Notice, message_id: str) -> bytes:
        """The whole message in UTF-8, MIME or JSON, as it can be kept and sent later."""

    def deliver(self, content: bytes, message_id: str) -> Receipt:
        """Hand over what `render` returned; one try.

        Raises:
            TemporaryDeliveryError: nobody took it, for a reason that may pass.
            DeliveryError: nobody took it, and nobody will.
            BlockError: the block is missing, or cannot be used.
            InputError: what the block needs to be told beside it, such as the sender, is missing.
        """
