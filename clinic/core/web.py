"""Pages and fragments: what every view needs to answer a browser, with scripts or without."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import Response, flash, g, make_response, redirect, render_template, request
from htmx_flask import Htmx
from werkzeug.routing import IntegerConverter

from clinic.core.access import Actor

htmx = Htmx()


LARGEST_ID = 2**63 - 1
"""What fits a bigint."""


class IdConverter(IntegerConverter):
    """A row's id in an address (``<id:patient_id>``): digits that fit a bigint; all else is no such page."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "max": LARGEST_ID})


def read_id(text: str | None) -> int | None:
    """A row's id as a form or a query says it; None for anything else."""
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdigit() and len(stripped) <= 19):
        return None
    number = int(stripped)
    return number if 0 < number <= LARGEST_ID else None


def current_actor() -> Actor:
    """Who is signed in. Only for routes whose policy admits nobody else."""
    actor: Actor = g.actor
    return actor


def is_fragment() -> bool:
    """Whether htmx asks for a part of a page. It decides the shape of the answer, never who may have it."""
    return request.headers.get("HX-Request") == "true" and not request.headers.get(
        "HX-History-Restore-Request"
    )


def is_timed_refresh() -> bool:
    """Whether the page asks by itself, on a timer: it neither extends a session nor is logged as reading."""
    return request.headers.get("Sutra-Refresh") == "timer"


def page(template: str, fragment: str | None = None, /, status: int = 200, **values: Any) -> Response:
    """Render ``template``, or only ``fragment`` when htmx asks for a part."""
    name = fragment if fragment and is_fragment() else template
    return make_response(render_template(name, **values), status)


def fragment(template: str, /, status: int = 200, trigger: str | None = None, **values: Any) -> Response:
    """Render a part of a page; ``trigger`` names a browser event that tells its neighbours to refresh."""
    response = make_response(render_template(template, **values), status)
    if trigger:
        response.headers["HX-Trigger"] = trigger
    return response


def go_to(url: str) -> Response:
    """Send the browser on after a change: 303, or HX-Redirect for htmx.

    A place within the page the browser is on is no other page to it: that page is loaded again.
    """
    if is_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        if "#" in url and _is_here(url):
            response.headers["HX-Refresh"] = "true"
        return response
    return make_response(redirect(url, 303))


def page_here() -> str | None:
    """The page of this site that a fragment was asked from, as path and query; none for the start page, and
    for what htmx does not tell.
    """
    here = asked_from()
    if here.netloc != request.host:
        return None
    where = safe_next(f"{here.path}?{here.query}" if here.query else here.path, "/")
    return where if where != "/" else None


def asked_from() -> SplitResult:
    """The address of the page that htmx asks from, in parts: empty ones where it tells none, or nonsense."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return urlsplit("")


def _is_here(url: str) -> bool:
    """Whether ``url`` is the page the fragment was asked from, but for a place within it."""
    there, here = urlsplit(url), asked_from()
    return (there.path, there.query) == (here.path, here.query)


def say(message: str, kind: str = "good") -> None:
    """A short notice on the next page: ``good``, ``warn`` or ``danger``."""
    flash(message, kind)


def trigger_toast(response: Response, message: str, kind: str = "good") -> Response:
    """Show a notice now, without a new page."""
    events = {"sutra:toast": {"message": message, "kind": kind}}
    response.headers["HX-Trigger-After-Swap"] = json.dumps(events)
    return response


def safe_next(target: str | None, default: str) -> str:
    """Where to go on after signing in: a path on this site, or ``default``."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    parts = urlsplit(target)
    bad = parts.scheme or parts.netloc or "\\" in target or any(ord(char) < 33 for char in target)
    return default if bad else target
