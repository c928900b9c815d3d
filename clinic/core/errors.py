"""What can go wrong in the clinic's own terms. Web pages and the command line turn these into answers."""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """Something a person asked for that cannot be done, and why, in words for that person.

    ``field`` names the form field it belongs to, if there is one. ``status`` is the HTTP status of the
    answer.
    """

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(DomainError):
    """A value that cannot be right."""


class Conflict(DomainError):
    """Somebody or something else was first."""

    status = 409
    code = "conflict"


class NotFound(DomainError):
    """No such thing, or none that this person may know of."""

    status = 404
    code = "not_found"


class Forbidden(DomainError):
    """The person may see this, but not do it."""

    status = 403
    code = "forbidden"


class TooMany(DomainError):
    """Too often; ``retry_after`` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, retry_after: int, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.retry_after = retry_after
