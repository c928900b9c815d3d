"""A small application that serves the product's own layouts, macros and scripts, under its content policy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.serving import make_server
from wtforms import StringField, TelField
from wtforms.validators import DataRequired

from clinic.core.assets import init_assets
from clinic.core.security import init_security_headers

ROOT = Path(__file__).parents[2]


class VisitorForm(FlaskForm):  # type: ignore[misc]
    """Two fields that must not be empty."""

    name = StringField("Name", [DataRequired("A name, please.")])
    mobile = TelField("Mobile", [DataRequired("A mobile number has 10 digits.")])


@dataclass
class Saved:
    """What the autosave address heard, and how it shall answer next."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    running: int = 0
    most_running: int = 0


@dataclass(frozen=True)
class Stage:
    """Where the application listens, and what it heard."""

    url: str
    saved: Saved
    stop: Callable[[], None]


def make_stage_app(saved: Saved) -> Flask:
    """The application; ``saved`` records and steers its autosave address."""
    app = Flask("stage", static_folder=str(ROOT / "static"), static_url_path="/static")
    here = Path(__file__).parent / "templates"
    app.jinja_loader = ChoiceLoader([FileSystemLoader(str(ROOT / "templates")), FileSystemLoader(str(here))])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config.update(SECRET_KEY="for-the-stage-only", WTF_CSRF_TIME_LIMIT=None)
    init_security_headers(app, production=False)
    init_assets(app)
    Babel(app)
    CSRFProtect(app)
    app.jinja_env.globals["locale_tag"] = lambda: "en"
    app.context_processor(_surroundings)
    _add_views(app, saved)
    return app


def _surroundings() -> dict[str, Any]:
    words = ("Today", "Calendar", "Patients", "Messages")
    return {
        "nav_items": [{"label": word, "href": f"/{word.lower()}", "icon": "circle"} for word in words],
        "current_person": {"name": "Asha Raghunath", "role_label": "Reception"},
        "clinic_name": "Test clinic",
        "day_thread": 0.25,
        "search_url": "/search",
        "recent_url": "/search/recent",
    }


def _add_views(app: Flask, saved: Saved) -> None:
    lock = threading.Lock()

    @app.get("/<any(behaviours, code):name>")
    def show(name: str) -> str:
        return render_template(f"{name}.html", form=VisitorForm())

    @app.get("/manifest", endpoint="portal_app.manifest")
    def manifest() -> dict[str, str]:
        return {"name": "Test clinic"}

    @app.get("/gallery")
    def gallery() -> str:
        return render_template("dev/components.html")

    @app.get("/panel")
    def panel() -> str:
        return render_template("_panel.html", asked=request.args.get("time", ""))

    @app.post("/search")
    def search() -> str:
        names = {"first": "Meenakshi Iyer", "second": "Ravi Menon"}
        return "".join(f'<a class="result" href="#{mark}">{name}</a>' for mark, name in names.items())

    @app.get("/search/recent")
    def recent() -> str:
        """Nobody was opened lately; without this address the page itself would be drawn into the box."""
        return ""

    @app.post("/visitor")
    def visitor() -> Response:
        form = VisitorForm()
        if form.validate_on_submit():
            return make_response("<p>Thank you</p>")
        return make_response(render_template("_visitor.html", form=form), 422)

    @app.post("/code")
    def take_code() -> str:
        return f"<p>{request.form['code']}</p>"

    @app.get("/broken")
    def broken() -> Response:
        return make_response("", 500)

    @app.get("/session")
    def session_now() -> Response:
        """As the product answers a page that asks who is signed in; nobody ever is, on the stage."""
        return jsonify(person=None, name="", seconds=0, csrf=generate_csrf())

    @app.post("/save")
    def save() -> Response:
        with lock:
            saved.running += 1
            saved.most_running = max(saved.running, saved.most_running)
            saved.heard.append((request.form["text"], request.form["version"]))
            status = saved.answers.pop(0) if saved.answers else 200
        saved.gate.wait(10)
        with lock:
            saved.running -= 1
        if status == 200:
            return jsonify(version=int(request.form["version"]) + 1, saved_at="10:42")
        if status == 409:
            return make_response("<p>There are two texts. <button>Choose</button></p>", 409)
        return make_response("", status)


def start_stage() -> Stage:
    """Serve it on a free port of the loopback, in a thread."""
    saved = Saved()
    saved.gate.set()
    server = make_server("127.0.0.1", 0, make_stage_app(saved), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()

    return Stage(f"http://127.0.0.1:{server.server_port}", saved, stop)
