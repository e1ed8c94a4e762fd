"""What can be wrong with a request, said so that the reader can correct it.

The same errors reach a person through the batch verb and an application through the online
endpoint; ``serving/api/errors.py`` maps each class to one HTTP status.
"""

from __future__ import annotations


class ServingError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    detail : str
        What was wrong, naming the thing.
    expected, received : str, optional
        What would have been right, and what came instead.
    todo : str, optional
        What the reader can do about it.
    """

    def __init__(
        self,
        detail: str,
        *,
        expected: str | None = None,
        received: str | None = None,
        todo: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.expected = expected
        self.received = received
        self.todo = todo

    def __str__(self) -> str:
        parts = [self.detail]
        if self.expected is not None:
            parts.append(f"Expected: {self.expected}.")
        if self.received is not None:
            parts.append(f"Received: {self.received}.")
        if self.todo is not None:
            parts.append(self.todo)
        return " ".join(parts)


class BadRequestError(ServingError):
    """A value of the request is wrong: the caller can correct it."""


class ForbiddenError(ServingError):
    """The caller may not do this: a token is missing or wrong, or the way is closed."""


class UnknownCategoryError(BadRequestError):
    """No item carries the category asked for."""


class UnknownItemError(ServingError):
    """The served model does not know the item asked about."""


class UnknownCustomerError(ServingError):
    """No profile is kept for the customer asked about."""


class UnknownInsightError(ServingError):
    """There is no insight of the name asked for."""


class UnknownConversationError(ServingError):
    """No conversation has the id asked about."""


class UnknownNeedError(ServingError):
    """No text carries the need asked about."""


class UnknownAlertError(ServingError):
    """There is no alert of the id asked about."""


class UnknownActionError(ServingError):
    """There is no action item of the id asked about."""


class UnknownCaseError(ServingError):
    """No message is a case of the id asked about."""


class UnknownReportError(ServingError):
    """No report is saved under the name asked for."""


class UnknownFactError(ServingError):
    """The customer has no statement of the id asked about."""


class ConflictError(ServingError):
    """Something changed since the caller looked; nothing was stored."""


class NotReadyError(ServingError):
    """The champion model is not loaded (yet)."""


class FeaturesMissingError(ServingError):
    """The feature store of the workspace was not built."""


class TablesMissingError(ServingError):
    """A table that an insight counts was not made yet."""


class StateMissingError(ServingError):
    """The server that keeps application state does not answer."""


class NoChampionError(ServingError):
    """No model of the workspace was promoted yet."""
