"""The portal as an app on the phone: its manifest, its service worker, and what it shows without a network.

The worker keeps fingerprinted files and one page that says nothing of anybody. It never keeps a page of the
portal: those are answered by the clinic or not at all.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, jsonify, make_response, render_template, url_for

from clinic.core.access import allow
from clinic.core.errors import NotFound
from clinic.core.i18n import force_locale
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.portal import display
from clinic.portal.views.blueprint import clinic

app_bp = Blueprint("portal_app", __name__, url_prefix="/portal")
"""What phones ask for without being signed in; it says nothing of anybody."""
PAPER = "#fcfbf7"
"""The tokens' colour of a page."""


@app_bp.get("/manifest.webmanifest")
@allow(everybody=True)
def manifest() -> Response:
    """What a phone shows when the portal is put on its first screen."""
    place = _clinic()
    answer = jsonify(
        id="/portal",
        name=_name(),
        short_name=(place.short_name if place else "Sutra")[:12],
        description=_("Your visits: book, move and cancel them, and read what the clinic tells you."),
        start_url=url_for("portal.home"),
        scope="/portal",
        display="standalone",
        background_color=PAPER,
        theme_color=PAPER,
        icons=[
            *(
                {"src": _img(f"app-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
                for size in (192, 512)
            ),
            {
                "src": _img("app-maskable-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
        shortcuts=[
            {"name": _("Book"), "url": url_for("portal.book")},
            {"name": _("Inbox"), "url": url_for("portal.inbox")},
        ],
    )
    answer.mimetype = "application/manifest+json"
    return answer


@app_bp.get("/sw.js")
@allow(everybody=True)
def service_worker() -> Response:
    """The worker, asked for anew each time a page is opened; its text changes with what it keeps."""
    offline = url_for("portal_app.offline")
    page = render_template("portal/offline.html", **_offline_values())
    version = hashlib.sha256(page.encode()).hexdigest()[:12]
    answer = make_response(
        render_template(
            "portal/sw.js",
            version=version,
            offline=offline,
            badge=_img("badge-96.png"),
            app_icon=_img("app-192.png"),
            name=_name(),
        )
    )
    answer.mimetype = "text/javascript"
    answer.headers["Service-Worker-Allowed"] = "/portal"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@app_bp.get("/offline")
@allow(everybody=True)
def offline() -> Response:
    """What is shown without a network, in both languages; it says nothing of anybody."""
    return make_response(render_template("portal/offline.html", **_offline_values()))


def _offline_values() -> dict[str, object]:
    place = _clinic()
    said = []
    for locale in ("en", "hi"):
        with force_locale(locale):
            said.append(
                {
                    "locale": locale,
                    "title": _("No connection"),
                    "text": _(
                        "This phone has no network at the moment. Nothing of yours is kept on it,"
                        " so your visits can be shown only with a connection."
                    ),
                    "again": _("Try again"),
                    "call": _("Or call the clinic: %(number)s", number=display.clinic_phone(place.phone))
                    if place and place.phone
                    else "",
                }
            )
    return {"said": said, "place": place, "again_url": url_for("portal.home")}


def _clinic() -> Facility | None:
    try:
        return clinic()
    except NotFound:
        return None


def _img(name: str) -> str:
    return url_for("static", filename=f"img/{name}")


def _name() -> str:
    place = _clinic()
    return place.name if place else "Sutra"
