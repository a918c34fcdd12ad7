"""What Slack and Teams have in common: a block with a URL that takes one JSON document."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

from flows.alert.channels import NO_DOMAIN, Receipt
from flows.alert.channels.http import TIMEOUT_SECONDS, post_json


class PostingChannel(ABC):
    """A channel that posts what it rendered to its block's URL.

    Not through the block's own `notify`: that hands plain text to Apprise, which can carry neither Block Kit
    nor an adaptive card, and says of an answer only whether it was a success.
    """

    block_type: str
    domain = NO_DOMAIN

    def __init__(self, block_name: str, timeout: float = TIMEOUT_SECONDS) -> None:
        """`timeout` is in seconds, for each step of a request."""
        self.block_name = block_name
        self.recipients = [block_name]
        self._timeout = timeout

    @abstractmethod
    def load(self) -> Any:
        """The block; raises BlockError where it is missing."""

    @cached_property
    def _block(self) -> Any:
        return self.load()

    def deliver(self, content: bytes, message_id: str) -> Receipt:
        """Post JSON to the block's URL."""
        block = self._block
        post_json(
            block.url.get_secret_value(),
            content,
            f"{self.block_type}/{self.block_name}",
            self._timeout,
            block.allow_private_urls,
        )
        return Receipt(self.recipients)
