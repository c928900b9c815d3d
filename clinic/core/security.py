"""Headers that keep a page to itself: a strict content policy, no framing, no sniffing, no stored pages."""

from __future__ import annotations

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def let_forms_lead_to(response: Response, *origins: str) -> None:
    """Let a page's forms end at these places as well, such as ``https://accounts.example``."""
    wider = "form-action 'self' " + " ".join(origins)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace("form-action 'self'", wider)


def init_security_headers(app: Flask, *, production: bool) -> None:
    """Set the headers on every answer; everything but static files is ``no-store``."""

    @app.after_request
    def protect(response: Response) -> Response:
        if request.endpoint in ("static", "css_bundle"):
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
            return response
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if production:
            response.headers.setdefault(
                "Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"
            )
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        response.vary.add("HX-Request")
        return response
