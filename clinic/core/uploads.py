"""Routes that take a file: larger bodies than a form's, told before anything of the body is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, request

View = TypeVar("View", bound=Callable[..., object])
_LIMIT = "__upload_bytes__"
FORM_AROUND = 1024 * 1024
"""Room for the other fields of the form."""


def takes_files(most_bytes: int) -> Callable[[View], View]:
    """Declare that the view below takes files of up to this size in all; put it under ``allow``."""

    def declare(view: View) -> View:
        setattr(view, _LIMIT, most_bytes)
        return view

    return declare


def most_megabytes(app: Flask) -> int:
    """How much the route at hand takes in one go."""
    most = getattr(app.view_functions.get(request.endpoint or ""), _LIMIT, None)
    return int(most // 1_000_000 if most else app.config["MAX_CONTENT_LENGTH"] // 1024**2)


def init_uploads(app: Flask) -> None:
    """Raise the limit of the body for such routes. Register it before whatever reads forms."""

    @app.before_request
    def widen() -> None:
        view = app.view_functions.get(request.endpoint or "")
        most = getattr(view, _LIMIT, None)
        if most is not None and request.method == "POST":
            request.max_content_length = most + FORM_AROUND
