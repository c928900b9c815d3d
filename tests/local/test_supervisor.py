"""`make run`, with a stub in the application's place: what it starts, says, survives and leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clinic.local import supervisor
from clinic.local.services import LocalError
from tests.local.conftest import CHECKOUT, eventually, processes_about
from tests.local.stub_wsgi import at

GIVEN = {"DATABASE_URL": "postgresql://given/elsewhere", "REDIS_URL": "redis://given"}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@dataclass
class Checkout:
    """A checkout with a stub in the application's place, and the runs of it."""

    path: Path
    port: int = field(default_factory=free_port)
    runs: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(
        self, *, command: list[str] | None = None, given: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Begin a run; `given` are settings beyond the port."""
        process = subprocess.Popen(
            command or [sys.executable, "-m", "clinic.local", "run"],
            cwd=self.path,
            env={"PATH": os.environ["PATH"], "PORT": str(self.port), "STUB_NOTES": str(self.path / "notes")}
            | (GIVEN if given is None else given),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.runs.append(process)
        return process

    def up(self, **options: object) -> tuple[subprocess.Popen[str], str]:
        """A run that is ready, and what it said."""
        process, said = self.run(**options), ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                assert eventually(lambda: {"worker", "clock"} <= self.pids().keys()), said
                return process, said
        raise AssertionError(said)

    def pids(self) -> dict[str, int]:
        """The process ids the stub's worker and clock noted last."""
        notes = (self.path / "notes").read_text().split("\n") if (self.path / "notes").exists() else []
        return {
            line.split()[0]: int(line.split()[1]) for line in notes if line.startswith(("worker ", "clock "))
        }

    def get(self, path: str) -> str:
        """A page of the stub."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read().decode()

    def forget(self) -> None:
        """Forget what the stub noted."""
        (self.path / "notes").unlink(missing_ok=True)

    def left_running(self) -> list[str]:
        """What runs of this checkout, the supervisor included."""
        known = [pid for pid in self.pids().values() if Path(f"/proc/{pid}").exists()]
        return processes_about(str(self.path)) + [str(pid) for pid in known]


def make_checkout(path: Path) -> Checkout:
    """A checkout in the folder given, which is made."""
    shutil.copytree(
        CHECKOUT / "clinic/local", path / "clinic/local", ignore=shutil.ignore_patterns("__pycache__")
    )
    (path / "clinic/__init__.py").touch()
    shutil.copy(CHECKOUT / "gunicorn.conf.py", path)
    shutil.copy(CHECKOUT / "tests/local/stub_wsgi.py", path / "wsgi.py")
    return Checkout(path)


@pytest.fixture
def checkout(folder: Path) -> Iterator[Checkout]:
    checkout = make_checkout(folder / "check out")
    yield checkout
    for run in checkout.runs:
        run.kill()
        run.wait()
    assert eventually(lambda: not checkout.left_running())


def test_one_command_says_where_to_go_and_who_may_log_in(checkout):
    _, said = checkout.up()
    assert f"http://127.0.0.1:{checkout.port}" in said
    for expected in ("admin@sutra.test", "stub-password", "98000 00000", "/dev/messages", "Ctrl-C"):
        assert expected in said
    assert checkout.get("/healthz") == "ok"
    assert (checkout.path / "notes").read_text().startswith("upgrade\nload if_empty=True\n")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_asked_to_stop_it_stops_everything(checkout, number):
    process, _ = checkout.up()
    process.send_signal(number)
    assert process.wait(60) == 0
    assert checkout.left_running() == []


@pytest.mark.parametrize(
    "moment", ["var/postgres", "var/postgres/data.new/PG_VERSION", "var/postgres/data", "var/log/prepare.log"]
)
def test_asked_to_stop_during_a_start_it_has_stopped_everything_when_it_ends(checkout, moment):
    process = checkout.run(given={})
    assert eventually((checkout.path / moment).exists)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert checkout.left_running() == []
    assert said.endswith("Stopped.\n")
    assert process.returncode == 0


def test_kill_9_leaves_nothing_and_the_next_start_works(checkout):
    process, _ = checkout.up(given={})
    assert len(processes_about(f"{checkout.path}/var/postgres/data")) >= 2  # the guard and Postgres itself
    process.kill()
    process.wait()
    assert eventually(lambda: not checkout.left_running())
    checkout.forget()
    process, _ = checkout.up(given={})
    assert checkout.get("/healthz") == "ok"


def test_a_start_at_once_after_kill_9_waits_for_what_is_ending(checkout):
    process, _ = checkout.up()
    process.kill()
    process.wait()
    checkout.forget()
    checkout.up()
    assert checkout.get("/healthz") == "ok"


def test_a_later_start_makes_ready_only_what_may_be_new(checkout):
    given = {"STUB_REVISION": "0001"}

    def prepared(change: Callable[[str], object] = lambda _address: None) -> bool:
        checkout.forget()
        process, said = checkout.up(given=given)
        assert "admin@sutra.test" in said
        change(json.loads(checkout.get("/settings"))["DATABASE_URL"])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        return "upgrade" in (checkout.path / "notes").read_text()

    assert prepared()
    assert not prepared()
    migrations = checkout.path / "migrations/versions"
    migrations.mkdir(parents=True)
    (migrations / "0002_new.py").touch()
    assert prepared()
    assert not prepared(lambda address: at(address, "0000"))
    assert prepared()
    (checkout.path / "var/postgres/made-ready").write_text("{")
    assert prepared()


MAKE = """
import os, subprocess, sys
subprocess.run([sys.executable, "-m", "clinic.local", "run", "--parent", str(os.getpid())])
"""


def test_the_end_of_make_is_the_end_of_everything(checkout):
    make, _ = checkout.up(command=[sys.executable, "-c", MAKE])
    make.kill()
    make.wait()
    assert eventually(lambda: not checkout.left_running())


def test_the_end_of_make_during_a_start_is_the_end_of_everything(checkout):
    make = checkout.run(command=[sys.executable, "-c", MAKE], given={})
    assert eventually((checkout.path / "var/postgres").exists)
    make.kill()
    make.wait()
    assert eventually(lambda: not checkout.left_running())


def test_only_this_machine_can_reach_it(checkout):
    checkout.up()
    with socket.socket() as elsewhere:
        elsewhere.settimeout(5)
        with pytest.raises(OSError):
            elsewhere.connect(("127.0.0.2", checkout.port))


def test_a_crashed_child_is_started_again(checkout):
    checkout.up()
    first = checkout.pids()["worker"]
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: checkout.pids()["worker"] != first)


def test_log_lines_are_kept_and_only_warnings_are_shown(checkout):
    process, _ = checkout.up()
    log = checkout.path / "var/log/worker.log"
    assert eventually(lambda: log.exists() and "stub worker is up" in log.read_text())
    process.send_signal(signal.SIGINT)
    shown = process.stdout.read()
    assert "worker | WARNING stub worker is up" in shown
    assert "in passing" not in shown
    assert "in passing" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_given_servers_are_used_and_none_is_started(checkout):
    checkout.up(given=GIVEN)
    settings = json.loads(checkout.get("/settings"))
    assert {name: settings[name] for name in GIVEN} == GIVEN
    assert not (checkout.path / "var/postgres").exists()
    assert not (checkout.path / "var/valkey").exists()


def test_keys_survive_a_restart_and_are_nobody_elses_to_read(checkout):
    def key() -> str:
        process, _ = checkout.up()
        secret = json.loads(checkout.get("/settings"))["SECRET_KEY"]
        process.send_signal(signal.SIGINT)
        process.wait(60)
        checkout.forget()
        return str(secret)

    assert len(key()) >= 32
    assert key() == key()
    assert (checkout.path / "var/secret").stat().st_mode & 0o077 == 0


def test_a_port_in_use_is_named_with_a_way_out(checkout):
    with socket.socket() as other:
        other.bind(("127.0.0.1", checkout.port))
        other.listen()
        process = checkout.run()
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert said.strip() == (
        f"Port {checkout.port} is in use by another program. "
        f"Stop it, or choose another: PORT={checkout.port + 1} make run"
    )


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", "８０００"])
def test_a_senseless_port_is_refused(port):
    with pytest.raises(LocalError, match="must be a number from 1 to 65535"):
        supervisor.read_port(port)


def test_a_second_run_of_the_same_checkout_is_refused_and_the_first_stays(checkout):
    first, _ = checkout.up()
    second = checkout.run()
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert f"already runs from this folder (process {first.pid})" in said
    assert checkout.get("/healthz") == "ok"


def test_a_second_checkout_runs_beside_the_first(checkout, folder):
    other = make_checkout(folder / "other")
    checkout.up()
    other.up()
    assert checkout.get("/healthz") == other.get("/healthz") == "ok"
    for run in other.runs:
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0


def test_a_database_that_cannot_be_made_ready_is_said_plainly(checkout):
    process = checkout.run(given=GIVEN | {"STUB_BROKEN": "1"})
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "The database could not be made ready." in said
    assert "The stub was told to fail." in said


def test_an_env_file_is_read_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text(
        "# a comment\nSMS_PER_DAY=5\nexport MAIL_FROM='a@b.test'\nPUBLIC_URL=\nLOG_LEVEL=DEBUG\n"
    )
    place = supervisor.Place(checkout=tmp_path, var=tmp_path, port=8000)
    settings = supervisor.environment(place, {"LOG_LEVEL": "INFO"})
    assert settings["SMS_PER_DAY"] == "5"
    assert settings["MAIL_FROM"] == "a@b.test"
    assert settings["LOG_LEVEL"] == "INFO"
    assert settings["PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert settings["SUTRA_ENV"] == "development"
