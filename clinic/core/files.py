"""Where files are kept: a folder of this machine, or a bucket of an S3-compatible object store.

Keys are names of ours: small letters, digits, ``-``, ``_`` and ``.`` in parts divided by ``/``. What a file
was called by whoever brought it never becomes part of one.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from flask import Flask, current_app

from clinic.config import Settings

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9]+)?(?:/[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9]+)*)*")
_LONGEST_KEY = 200
_PARTIAL = ".partial-"


class FileMissing(Exception):
    """The store has nothing under this key."""


class StoreAway(Exception):
    """The store does not answer, or has no room; nothing can be said about what it holds."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file of the store: ``size`` in bytes, ``changed_at`` when it was put there (UTC)."""

    key: str
    size: int
    changed_at: datetime


class Store(Protocol):
    """What the application asks of a place for files. Every method may raise StoreAway."""

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Keep ``data`` under ``key``, over whatever was there; whole or not at all."""

    def read(self, key: str, start: int | None = None, stop: int | None = None) -> bytes:
        """The bytes from ``start`` up to, not including, ``stop``; all of them without. Raises
        FileMissing.
        """

    def size(self, key: str) -> int:
        """How many bytes there are. Raises FileMissing."""

    def delete(self, key: str) -> None:
        """Remove it; nothing happens where there is none."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key that begins with ``prefix``, in order."""

    def listing(self, prefix: str = "") -> Iterator[Kept]:
        """The same with sizes and times."""


class FolderStore:
    """Files in a folder. A file is written beside its place, flushed to the disk, and then moved there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, data: bytes, *, content_type: str) -> None:  # noqa: ARG002
        """See Store. The kind of the content is not kept; who serves the file knows it."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            number, partial = tempfile.mkstemp(prefix=_PARTIAL, dir=path.parent)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(partial, path)
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
        except OSError as failure:
            raise StoreAway(str(failure)) from failure

    def read(self, key: str, start: int | None = None, stop: int | None = None) -> bytes:
        """See Store."""
        try:
            with self._path(key).open("rb") as file:
                file.seek(start or 0)
                return file.read() if stop is None else file.read(max(stop - (start or 0), 0))
        except FileNotFoundError:
            raise FileMissing(key) from None
        except OSError as failure:
            raise StoreAway(str(failure)) from failure

    def size(self, key: str) -> int:
        """See Store."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise FileMissing(key) from None
        except OSError as failure:
            raise StoreAway(str(failure)) from failure

    def delete(self, key: str) -> None:
        """See Store. A folder that became empty goes with its last file."""
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self._folder:
                    break
                folder.rmdir()
        except OSError:
            if path.exists():
                raise StoreAway(key) from None

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See Store."""
        return (kept.key for kept in self.listing(prefix))

    def listing(self, prefix: str = "") -> Iterator[Kept]:
        """See Store. A file that is being written has no key yet."""
        top = self._folder / prefix.rpartition("/")[0]
        for path in sorted(top.rglob("*")):
            key = path.relative_to(self._folder).as_posix()
            if not key.startswith(prefix) or path.name.startswith(_PARTIAL):
                continue
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # removed meanwhile
            if path.is_file():
                yield Kept(
                    key=key, size=found.st_size, changed_at=datetime.fromtimestamp(found.st_mtime, tz=UTC)
                )

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)


def checked_key(key: str) -> str:
    """The key, if it is one of ours. Raises ValueError: nobody but the application makes keys."""
    if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise ValueError("This is no key of a file.")
    return key


def init_files(app: Flask, settings: Settings) -> None:
    """Give the application its store."""
    app.extensions["files"] = _store_of(settings, Path(app.root_path))


def store() -> Store:
    """This application's store."""
    kept: Store = current_app.extensions["files"]
    return kept


def _store_of(settings: Settings, root: Path) -> Store:
    if settings.files_bucket:
        from clinic.core.buckets import BucketStore  # its library is heavy, and needed here alone

        return BucketStore(
            settings.files_bucket, endpoint=settings.files_endpoint, region=settings.files_region
        )
    return FolderStore(root / settings.files_dir)
