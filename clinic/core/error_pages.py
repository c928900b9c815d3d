"""Errors as pages, as fragments for htmx, and as JSON for who asks for it: the same words each time."""

from __future__ import annotations

import structlog
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from clinic.core.db import db
from clinic.core.errors import DomainError, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.uploads import most_megabytes
from clinic.core.web import is_fragment

log = structlog.get_logger(__name__)


def _words(status: int) -> tuple[str, str]:  # noqa: PLR0911 - a table
    match status:
        case 400:
            return _("That did not arrive whole"), _("Go back, reload the page and try once more.")
        case 401:
            return _("You are signed out"), _("Sign in again. What you saved is still there.")
        case 403:
            return _("This is not yours to do"), _("Ask whoever runs the clinic if you need it.")
        case 404:
            return _("Nothing here"), _(
                "The page has moved, or it never was. Search for it, or start from Today."
            )
        case 405:
            return _("That way is closed"), _("Open the page again and use its buttons.")
        case 409:
            return _("Somebody was first"), _("Reload the page to see how it stands now.")
        case 413:
            size = most_megabytes(current_app)
            return _("Too much at once"), _("Send less: at most %(size)d MB in one go.", size=size)
        case 422:
            return _("That cannot be right"), _("Go back and look at what you entered.")
        case 429:
            return _("Too many tries"), _("Wait a little, then try again.")
        case 503:
            return _("Back in a moment"), _("The clinic's records cannot be reached. Try again shortly.")
        case _ if status >= 500:
            return _("Something broke here"), _(
                "It is not your fault, and it has been written down. Try again."
            )
        case _:
            return _("That did not work"), _("Go back and try once more.")


def answer(status: int, *, code: str, message: str | None = None, field: str | None = None) -> Response:
    """The error's page, fragment or JSON, whichever the request asked for."""
    title, hint = _words(status)
    request_id = g.get("request_id", "")
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        details = [{"field": field, "message": message}] if field else []
        body = {
            "error": {"code": code, "message": message or title, "details": details, "request_id": request_id}
        }
        return make_response(jsonify(body), status)
    template = "errors/_fragment.html" if is_fragment() else "errors/page.html"
    html = render_template(template, code=status, title=title, message=message or hint, request_id=request_id)
    return make_response(html, status)


def init_error_pages(app: Flask) -> None:
    """Answer every error in words; nothing of what went wrong inside is shown."""

    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Response:
        response = answer(error.status, code=error.code, message=error.message, field=error.field)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        return answer(
            400,
            code="stale_form",
            message=_("This form was open too long. Reload the page and send it again."),
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.response is not None:
            return make_response(error.response)
        status = error.code or 500
        response = answer(status, code=(error.name or "error").lower().replace(" ", "_"))
        for name, value in error.get_headers():
            if name.lower() in ("retry-after", "allow"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        db.session.rollback()
        log.error("unexpected_error", error=type(error).__name__, exc_info=_frames_only(error))
        g.actor = None
        return answer(500, code="internal_error")


def _frames_only(error: Exception) -> tuple[type[BaseException], BaseException, object]:
    """The traceback without the error's text: a database error quotes the row it refused."""
    return type(error), RuntimeError(type(error).__name__), error.__traceback__
