"""Pages of a list: bounded whatever the address says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_PAGE = 100_000
COUNT_CAP = 1_000
"""Totals are counted up to here and shown as ``1,000+`` beyond."""


@dataclass(frozen=True)
class PageRequest:
    """Which page, of what size; make one with ``read_page``."""

    page: int = 1
    limit: int = DEFAULT_LIMIT

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of items. ``total`` stops at COUNT_CAP; ``capped`` says that there are more."""

    items: list[Item]
    request: PageRequest
    total: int
    capped: bool = False

    @property
    def number(self) -> int:
        return self.request.page

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.request.limit))

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages or (self.capped and len(self.items) == self.request.limit)


def read_page(
    page: str | None, limit: str | None = None, *, default_limit: int = DEFAULT_LIMIT
) -> PageRequest:
    """Page and size from an address; what is missing, no number or out of bounds is mended."""
    return PageRequest(_bounded(page, 1, 1, MAX_PAGE), _bounded(limit, default_limit, 1, MAX_LIMIT))


def _bounded(text: str | None, default: int, low: int, high: int) -> int:
    stripped = (text or "").strip()
    if not stripped.lstrip("-").isdecimal() or len(stripped) > 18:
        return default
    try:
        return min(max(int(stripped), low), high)
    except ValueError:
        return default
