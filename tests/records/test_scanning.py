"""The virus scanner: what it has not seen is not served, and what it refuses is gone."""

from __future__ import annotations

import socketserver
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from clinic.config import Settings
from clinic.core.files import Store
from clinic.records import scanning, sweep
from clinic.records.scanning import Verdict, ask_clamd, ask_command
from tests.records.conftest import Clinic, papers
from tests.records.files import jpeg, pdf

EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


class FakeClamd(socketserver.ThreadingTCPServer):
    """Speaks INSTREAM as clamd does, and counts what it was sent."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.seen: list[bytes] = []
        self.infected = EICAR
        self.silent = False
        self.unsure: bytes | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.BaseRequestHandler):
    server: FakeClamd

    def handle(self) -> None:
        assert self._take(10) == b"zINSTREAM\0"
        data = b""
        while length := struct.unpack(">I", self._take(4))[0]:
            data += self._take(length)
        self.server.seen.append(data)
        if self.server.silent:
            return
        if self.server.unsure and self.server.unsure in data:
            self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            return
        found = self.server.infected in data
        self.request.sendall(b"stream: Eicar-Signature FOUND\0" if found else b"stream: OK\0")

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count and (piece := self.request.recv(count - len(taken))):
            taken += piece
        return taken


@pytest.fixture
def clamd(app: Flask) -> Iterator[FakeClamd]:
    """A scanner that the application asks."""
    with FakeClamd() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        before: Settings = app.extensions["settings"]
        app.extensions["settings"] = replace(before, scan_clamd=server.address)
        yield server
        app.extensions["settings"] = before
        server.shutdown()


def infected_pdf() -> bytes:
    return pdf() + b"\n%" + EICAR


def test_a_clean_file_is_asked_about_once_and_served(clinic: Clinic, clamd: FakeClamd) -> None:
    clinic.upload(clinic.vaidya, ("a.jpg", jpeg()))
    (paper,) = papers()
    assert clamd.seen == [jpeg()]
    assert (paper.scan, paper.scanned_at is not None) == ("clean", True)
    assert clinic.vaidya.get(f"/papers/{paper.id}/file").status_code == 200


def test_an_infected_file_is_refused_and_leaves_nothing(
    clinic: Clinic, clamd: FakeClamd, store: Store
) -> None:
    answer = clinic.upload(clinic.vaidya, ("a.pdf", infected_pdf()))
    assert answer.status_code == 422
    assert "virus scanner refused" in answer.text
    assert len(clamd.seen) == 1
    assert papers() == []
    assert list(store.keys()) == []


def test_while_the_scanner_is_away_a_paper_waits_and_is_not_served(clinic: Clinic, clamd: FakeClamd) -> None:
    clamd.silent = True
    clinic.upload(clinic.vaidya, ("a.pdf", pdf()))
    (paper,) = papers()
    assert paper.scan == "pending"
    for path in ("file", "thumb", "pages/1"):
        assert clinic.vaidya.get(f"/papers/{paper.id}/{path}").status_code == 404
    assert "still with the virus scanner" in clinic.vaidya.get(f"/papers/{paper.id}").text
    assert sweep.scan_again() == 0
    clamd.silent = False
    assert sweep.scan_again() == 1
    assert sweep.scan_again() == 0
    assert papers()[0].scan == "clean"
    assert clinic.vaidya.get(f"/papers/{paper.id}/file").status_code == 200


def test_what_turns_out_infected_later_is_refused_and_removed(
    clinic: Clinic, clamd: FakeClamd, store: Store
) -> None:
    clamd.silent = True
    clinic.upload(clinic.vaidya, ("a.pdf", infected_pdf()))
    clamd.silent = False
    assert sweep.scan_again() == 1
    (paper,) = papers()
    assert paper.scan == "refused"
    assert list(store.keys()) == []
    assert "virus scanner refused" in clinic.vaidya.get(f"/papers/{paper.id}").text
    assert clinic.vaidya.get(f"/papers/{paper.id}/file").status_code == 404


def test_papers_without_a_file_or_an_answer_keep_no_other_waiting(
    clinic: Clinic, clamd: FakeClamd, store: Store
) -> None:
    clamd.silent = True
    for number in range(sweep.AT_A_TIME + 2):
        clinic.upload(clinic.vaidya, (f"{number}.jpg", jpeg(f"Lost {number}")))
    for key in list(store.keys()):
        store.delete(key)
    clinic.upload(clinic.vaidya, ("a.pdf", pdf()))
    clinic.upload(clinic.vaidya, ("b.pdf", infected_pdf()))
    clamd.silent, clamd.unsure = False, EICAR
    assert sweep.scan_again() == 1
    assert [paper.scan for paper in papers()][-2:] == ["clean", "pending"]


def test_a_scanner_that_is_not_there_is_away() -> None:
    assert ask_clamd("127.0.0.1:1", b"x") is Verdict.AWAY
    assert ask_clamd("/nowhere/clamd.sock", b"x") is Verdict.AWAY


def test_a_command_answers_by_its_exit_code() -> None:
    def exits(code: int) -> Verdict:
        return ask_command(
            f'{sys.executable} -c "import sys; sys.stdin.buffer.read(); sys.exit({code})"', b"x"
        )

    assert [exits(0), exits(1), exits(2)] == [Verdict.CLEAN, Verdict.INFECTED, Verdict.AWAY]
    assert ask_command("/nowhere/scan", b"x") is Verdict.AWAY


def test_without_a_scanner_nothing_waits(app: Flask) -> None:
    assert scanning.scanner_of(app.extensions["settings"])(EICAR) is Verdict.CLEAN
