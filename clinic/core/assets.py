"""Static files with their content's fingerprint in the address, so that browsers may keep them for a year.

A script that imports others names them by relative address, where no query can stand: the whole folder's
fingerprint is then a part of the path (``/static/~1a2b/js/app.js``), which the imports inherit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for

from clinic.core.access import allow

BUNDLES = {
    "portal": (
        "tokens.css",
        "fonts-portal.css",
        "base.css",
        "components/button.css",
        "components/field.css",
        "components/chip.css",
        "components/section.css",
        "components/dialog.css",
        "components/state.css",
        "components/thread.css",
        "components/code.css",
        "portal.css",
    ),
}
"""Sheets that go out as one, in order: on a thin network each request costs as much as a sheet."""


@lru_cache(maxsize=16)
def _bundle(folder: Path, name: str, _changed: tuple[int, ...]) -> tuple[bytes, str]:
    whole = b"\n".join((folder / "css" / sheet).read_bytes() for sheet in BUNDLES[name])
    return whole.replace(b'url("../../', b'url("../'), hashlib.sha256(whole).hexdigest()[:12]


@lru_cache(maxsize=512)
def _fingerprint(path: Path, changed: int) -> str:  # noqa: ARG001 (a changed file is another entry)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=8)
def _folder_fingerprint(files: tuple[tuple[Path, int], ...]) -> str:
    prints = (_fingerprint(path, changed) for path, changed in files)
    return hashlib.sha256("".join(prints).encode()).hexdigest()[:12]


def without_folder_fingerprint(wsgi: Any) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Answer ``/static/~<fingerprint>/<file>`` as ``/static/<file>?v=<fingerprint>``."""
    pattern = re.compile(r"^/static/~([0-9a-f]{12})(/.+)$")

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = pattern.match(environ.get("PATH_INFO", ""))
        if found:
            environ["PATH_INFO"] = f"/static{found[2]}"
            environ["QUERY_STRING"] = f"v={found[1]}"
        body: Iterable[bytes] = wsgi(environ, start_response)
        return body

    return answer


def init_assets(app: Flask, *, files_change: bool = True) -> None:
    """Add ``v=<fingerprint>`` to every ``url_for('static', …)``, and let those addresses be kept for good.

    Unless ``files_change``, as while somebody works on them, each file is looked at once.
    """
    folder = Path(str(app.static_folder))
    # Brotli is a tenth smaller than what the library chooses by itself, and every phone's browser reads it.
    app.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_ALGORITHM_STREAMING=["br", "deflate"], COMPRESS_BR_LEVEL=6
    )

    once: Callable[[Callable[..., str]], Callable[..., str]] = (lambda look: look) if files_change else cache

    @once
    def module_url(filename: str) -> str:
        scripts = sorted((folder / filename).parent.glob("*.js"))
        files = tuple((path, path.stat().st_mtime_ns) for path in scripts)
        return f"/static/~{_folder_fingerprint(files)}/{filename}"

    app.jinja_env.globals["module_url"] = module_url
    app.wsgi_app = without_folder_fingerprint(app.wsgi_app)  # type: ignore[method-assign,assignment]

    @once
    def fingerprint_of(filename: str) -> str:
        path = folder / filename
        return _fingerprint(path, path.stat().st_mtime_ns) if path.is_file() else ""

    @app.url_defaults
    def add_fingerprint(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static" and "v" not in values:
            known = fingerprint_of(str(values.get("filename", "")))
            if known:
                values["v"] = known

    def bundle(name: str) -> tuple[bytes, str]:
        changed = tuple((folder / "css" / sheet).stat().st_mtime_ns for sheet in BUNDLES[name])
        return _bundle(folder, name, changed)

    @app.get("/static/css/<any({}):name>.bundle.css".format(", ".join(BUNDLES)))
    @allow(everybody=True)
    def css_bundle(name: str) -> Response:
        """Several sheets as one."""
        whole, _digest = bundle(name)
        response = Response(whole, mimetype="text/css")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def bundle_url(name: str) -> str:
        return url_for("css_bundle", name=name, v=bundle(name)[1])

    app.jinja_env.globals["bundle_url"] = bundle_url

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
