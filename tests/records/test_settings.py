"""Where files are kept is said by the environment; a wrong word stops the start, and a lost file is told."""

from __future__ import annotations

import pytest
from flask import Flask

from clinic.config import ConfigurationError, read_settings
from clinic.core.files import Store
from tests.conftest import environment
from tests.records.conftest import Clinic, papers

LIVE = {
    "SUTRA_ENV": "production",
    "PUBLIC_URL": "https://clinic.example",
    "SMS_TRANSPORT": "twilio",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "t",
    "TWILIO_FROM": "+1",
    "EMAIL_TRANSPORT": "smtp",
    "SMTP_URL": "smtps://mail.example",
    "MAIL_FROM": "a@b.example",
}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({**LIVE, "FILES_DIR": ""}, "FILES_BUCKET is not set"),
        ({**LIVE, "FILES_DIR": "var/files"}, "must be a whole path"),
        ({"FILES_DIR": "/a", "FILES_BUCKET": "b"}, "kept in one place"),
        ({"FILES_ENDPOINT": "s3.example"}, "must be an address"),
        ({"SCAN_CLAMD": "127.0.0.1:3310", "SCAN_COMMAND": "scan"}, "one of them"),
        ({"SCAN_CLAMD": "somewhere"}, "host and port or a socket"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(given: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_settings(environment("any", **given))


def test_production_starts_with_a_folder_or_a_bucket() -> None:
    assert read_settings(environment("any", **LIVE, FILES_DIR="/srv/files")).files_dir == "/srv/files"
    bucket = read_settings(environment("any", **LIVE, FILES_DIR="", FILES_BUCKET="papers"))
    assert (bucket.files_bucket, bucket.files_dir) == ("papers", "")
    assert read_settings(environment("any", FILES_DIR="")).files_dir == "var/files"


def test_files_check_names_what_is_extra_and_what_is_missing(
    app: Flask, clinic: Clinic, store: Store
) -> None:
    clinic.paper()
    run = app.test_cli_runner().invoke
    assert run(args=["files", "check"]).exit_code == 0
    store.put("papers/ab/cd/original.jpg", b"x", content_type="image/jpeg")
    store.delete(papers()[0].key)
    said = run(args=["files", "check"])
    assert said.exit_code == 1
    assert "papers/ab/cd/original.jpg" in said.output
    assert f"paper {papers()[0].id}" in said.output
