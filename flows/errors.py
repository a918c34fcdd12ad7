"""Trouble a person can act on. Every message says what was wrong, where, and what to do.

The command line prints these as one line without a traceback and exits with `exit_status`.
"""


def printable(text: str) -> str:
    """The text with escapes in place of what a terminal would obey, line ends included."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class PipelineError(Exception):
    """Base of everything the pipeline reports to a person."""

    exit_status = 1


class InputError(PipelineError):
    """The command line, a flow parameter or a source file is wrong; nothing was loaded."""

    exit_status = 2


class SourceError(InputError):
    """A `source.toml`, or a file it names, cannot be used. One line, whatever the file's names hold."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class RejectedError(InputError):
    """More rows than allowed could not be used; nothing was loaded."""


class BlockError(PipelineError):
    """A Prefect block is missing or cannot be used."""


class UnreachableError(PipelineError):
    """The warehouse, or the Prefect server, does not answer, or refuses the credentials."""


class WarehouseError(PipelineError):
    """The warehouse refused a statement that is no part of a load."""


class UpgradeError(PipelineError):
    """The warehouse's schema was made by another version of the pipeline than this one."""


class StagingError(PipelineError):
    """Parquet files could not be written or uploaded; nothing was loaded."""


class LoadError(PipelineError):
    """The warehouse refused a batch; the transaction was rolled back."""


class ReconciliationError(LoadError):
    """Rows written, copied and stored differ; the transaction was rolled back."""


class TransformError(PipelineError):
    """dbt could not build or test the models."""


class DeliveryError(PipelineError):
    """A message was not taken by whom it was handed to; what was loaded stays loaded."""


class TemporaryDeliveryError(DeliveryError):
    """A message was not taken for a reason that may pass, so that another try is worth it.

    `retry_after` is how many seconds the other side asked to be left alone, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
