"""Lighthouse on the patient's pages, on a slow phone as it simulates one. It needs npm and a Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clinic.accounts.models import SessionKind, User
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.config import read_settings
from clinic.core.db import db
from tests.browser.conftest import Clinic, clinic
from tests.chromium import FLAGS, chromium_path

__all__ = ["clinic"]
VERSION = "12.8.2"
LEAST = 95
CATEGORIES = ("performance", "accessibility", "best-practices")
PAGES = {
    "sign-in": "/portal/sign-in",
    "home": "/portal",
    "what for": "/portal/book",
    "when": "/portal/book/1",
}
RUNS = 3


@pytest.fixture(scope="module")
def lighthouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lighthouse, installed for this trial alone."""
    if shutil.which("npm") is None or chromium_path() is None:
        pytest.skip("Lighthouse needs npm and a Chromium on this machine.")
    folder = tmp_path_factory.mktemp("lighthouse")
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", f"lighthouse@{VERSION}"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "node_modules" / ".bin" / "lighthouse"


@pytest.fixture(scope="module")
def cookie(clinic: Clinic) -> str:
    """The cookie of a household that has just typed its code."""
    app = create_app(read_settings(clinic.environment))
    mobile = clinic.log_ins["patient_mobile"]
    with app.app_context():
        user = db.session.scalars(select(User).where(User.mobile == f"+91{mobile}")).one()
        token, _row = start_session(user, SessionKind.PATIENT, origin="127.0.0.1", agent="Lighthouse")
        db.session.commit()
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["_user_id"] = token
    found = client.get_cookie("sutra")
    assert found is not None
    return f"sutra={found.value}"


@pytest.mark.parametrize("name", PAGES)
def test_a_portal_page_is_fast_accessible_and_sound(
    name: str, lighthouse: Path, clinic: Clinic, cookie: str, tmp_path: Path
) -> None:
    """The best of three: other work on the machine only ever takes away."""
    best: dict[str, int] = dict.fromkeys(CATEGORIES, 0)
    wrong: dict[str, list[str]] = {}
    for run in range(RUNS):
        report = _measure(lighthouse, clinic.url + PAGES[name], cookie, tmp_path / f"{run}.json")
        if report is None:
            continue
        for category in CATEGORIES:
            found = report["categories"][category]
            best[category] = max(best[category], round(found["score"] * 100))
            wrong[category] = [ref["id"] for ref in found["auditRefs"] if _failed(report, ref)]
    print(name, best)  # noqa: T201 - what the trial is for
    assert min(best.values()) >= LEAST, wrong


def _failed(report: dict[str, Any], ref: dict[str, Any]) -> bool:
    score = report["audits"][ref["id"]]["score"]
    return bool(ref["weight"]) and score is not None and score < 1


def _measure(lighthouse: Path, url: str, cookie: str, written: Path) -> dict[str, Any] | None:
    """One run's report; None where Lighthouse lost its own trace of the page, as it does now and then."""
    run = subprocess.run(
        [
            str(lighthouse),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={written}",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--extra-headers={json.dumps({'Cookie': cookie})}",
            f"--chrome-flags={' '.join(('--headless=new', *FLAGS))}",
        ],
        check=False,
        env=os.environ | {"CHROME_PATH": str(chromium_path())},
        stdout=subprocess.DEVNULL,
    )
    if run.returncode:
        return None
    report: dict[str, Any] = json.loads(written.read_text())
    return report
