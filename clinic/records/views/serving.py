"""The bytes of papers: the file itself, its small picture, its pages. Each answer checks who asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, make_response, request
from werkzeug.datastructures import ContentRange

from clinic.core.access import CLINICAL, Actor, Role, allow
from clinic.core.errors import NotFound
from clinic.core.files import FileMissing, store
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor
from clinic.records.models import Paper
from clinic.records.queries.papers import was_listed, was_seen
from clinic.records.uploads import draw_pages
from clinic.records.views.blueprint import bp, load_paper, write_listed, write_read

SHOWN_PAGES = 30
AT_A_TIME = 4
_drawing: dict[str, threading.Lock] = {}
_drawing_guard = threading.Lock()


@bp.get("/papers/<id:paper_id>/file")
@allow(*CLINICAL, Role.PATIENT, Role.ADMIN)
def download(paper_id: int) -> Response:
    """The file, to be saved and never to be shown by the browser; parts of it where a part is asked for."""
    actor = current_actor()
    paper = _served(actor, paper_id)
    tag = f"{paper.id}-{paper.sha256[:24]}"
    part = _asked_part(tag, paper.size)
    if part is not None and not 0 <= part[0] < part[1]:
        answer = make_response("", 416)
        answer.headers["Content-Range"] = f"bytes */{paper.size}"
        return _private(answer)
    write_read(actor, paper, "downloaded")
    answer = make_response(_read(paper.key, part), 200 if part is None else 206)
    answer.headers["Content-Type"] = paper.media_type
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers.set("Content-Disposition", "attachment", filename=paper.download_name)
    answer.set_etag(tag)
    if part is not None:
        answer.content_range = ContentRange("bytes", part[0], part[1], paper.size)
    return _private(answer)


@bp.get("/papers/<id:paper_id>/thumb")
@allow(*CLINICAL, Role.PATIENT, Role.ADMIN)
def thumb(paper_id: int) -> Response:
    """Its small picture. It belongs to the list it stands in, whose row was written; a picture that is asked
    for without the list leaves that row.
    """
    actor = current_actor()
    paper = _served(actor, paper_id)
    if not was_listed(actor, paper.patient_id):
        write_listed(actor, paper.patient, [paper.id])
    return _picture(_read(paper.thumb_key), "image/jpeg")


@bp.get("/papers/<id:paper_id>/pages/<int:number>")
@allow(*CLINICAL, Role.PATIENT, Role.ADMIN)
def page_picture(paper_id: int, number: int) -> Response:
    """A page as a picture; a paper that is a picture has one page."""
    actor = current_actor()
    paper = _served(actor, paper_id)
    if not 1 <= number <= min(paper.pages or 1, SHOWN_PAGES):
        raise NotFound(_("There is no such page."))
    if not was_seen(actor, paper.id):
        write_read(actor, paper, "viewed")
    if not paper.is_pdf:
        return _picture(_read(paper.key), paper.media_type)
    drawn = _drawn(paper, number)
    if not drawn:
        raise NotFound(_("This page cannot be shown. Download the file to see it."))
    return _picture(drawn, "image/jpeg")


def _drawn(paper: Paper, number: int) -> bytes:
    """The picture of a page, drawn once with those after it and kept; empty where it cannot be drawn."""
    key = paper.page_key(number)
    try:
        return store().read(key)
    except FileMissing:
        pass
    with _one_at_a_time(paper.stem):
        try:
            return store().read(key)  # somebody drew it while we waited
        except FileMissing:
            pass
        last = min(number + AT_A_TIME - 1, paper.pages or 1, SHOWN_PAGES)
        drawn = draw_pages(_read(paper.key), number, last)
        for each, data in {number: b"", **drawn}.items():
            store().put(paper.page_key(each), data, content_type="image/jpeg")
        return drawn.get(number, b"")


@contextmanager
def _one_at_a_time(stem: str) -> Iterator[None]:
    with _drawing_guard:
        lock = _drawing.setdefault(stem, threading.Lock())
    try:
        with lock:
            yield
    finally:
        with _drawing_guard:
            _drawing.pop(stem, None)


def _served(actor: Actor, paper_id: int) -> Paper:
    paper = load_paper(actor, paper_id)
    if not paper.is_served:
        raise NotFound(_("This paper is still with the virus scanner. Look again in a minute."))
    return paper


def _asked_part(tag: str, size: int) -> tuple[int, int] | None:
    """The bytes asked for, from and up to; None for all of them. What starts behind the end is ``(size,
    size)``.

    Several parts, another unit and a file that is not the one begun are answered with the whole.
    """
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range") and request.if_range.etag != tag:
        return None
    start, stop = asked.ranges[0]
    if start < 0:
        return max(size + start, 0), size
    return min(start, size), size if stop is None else min(stop, size)


def _read(key: str, part: tuple[int, int] | None = None) -> bytes:
    try:
        return store().read(key) if part is None else store().read(key, *part)
    except FileMissing:
        raise NotFound(
            _("The file of this paper is not there. Tell whoever runs the clinic's computers.")
        ) from None


def _picture(data: bytes, media_type: str) -> Response:
    answer = make_response(data)
    answer.headers["Content-Type"] = media_type
    answer.headers["Content-Disposition"] = "inline"
    return _private(answer)


def _private(answer: Response) -> Response:
    """Nothing of it is kept on the way, guessed at, or run."""
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
