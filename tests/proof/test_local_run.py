"""`make run` as a newcomer meets it: a fresh clone in a folder with spaces, as root and as an ordinary user.

Takes minutes and the network, so it belongs to `make proof`. What it measured is printed among the dots.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LATER_START_SECONDS = 5.0
INSTALL_SECONDS = 600.0
USERS = ["root", "nobody"] if os.geteuid() == 0 else [pwd.getpwuid(os.geteuid()).pw_name]


@dataclass
class Clone:
    """A fresh clone and the user who runs it."""

    path: Path
    user: str
    port: int

    def make(self, *arguments: str) -> subprocess.Popen[str]:
        """Run make as this clone's user."""
        other = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        path = os.environ["PATH"] if self.user == USERS[0] else os.defpath
        return subprocess.Popen(
            ["make", *arguments],
            cwd=self.path,
            env=env
            | {"PATH": path, "HOME": str(self.path.parent), "PORT": str(self.port), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **(other if self.user != USERS[0] else {}),
        )

    def get(self, path: str) -> int:
        """The status of a page; 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status
        return 0

    def start(self) -> tuple[subprocess.Popen[str], float]:
        """`make run`, and the seconds until a person could see the first page."""
        began = time.monotonic()
        running = self.make("run")
        while self.get("/sign-in") != http.HTTPStatus.OK:
            assert running.poll() is None, running.stdout.read()
            assert time.monotonic() < began + INSTALL_SECONDS
            time.sleep(0.02)
        return running, time.monotonic() - began

    def said(self, running: subprocess.Popen[str]) -> str:
        """What it printed, to the line about Ctrl-C."""
        lines = []
        for line in running.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        return "".join(lines)

    def left_running(self) -> list[str]:
        """The processes that name this clone."""
        listed = subprocess.run(
            ["ps", "-ewwo", "pid=,args="], capture_output=True, text=True, check=True
        ).stdout
        return [line for line in listed.splitlines() if str(self.path) in line]

    def all_gone(self, seconds: float = 60.0) -> bool:
        """Whether nothing of it runs any more, soon."""
        deadline = time.monotonic() + seconds
        while self.left_running() or self.get("/healthz"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


@pytest.fixture(scope="module", params=USERS)
def clone(request: pytest.FixtureRequest) -> Iterator[Clone]:
    """A fresh clone, never started before."""
    home = Path(tempfile.mkdtemp(prefix="a newcomer's folder ", dir="/tmp"))
    home.chmod(0o755)
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    clone = Clone(path=home / "the clinic", user=request.param, port=port)
    subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone.path)], check=True)
    if clone.user != USERS[0]:
        subprocess.run(["chown", "-R", clone.user, str(home)], check=True)
    yield clone
    assert clone.all_gone(), clone.left_running()
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def first_start(clone: Clone) -> float:
    """The seconds of the very first `make run`, which is stopped again as Ctrl-C stops it."""
    running, seconds = clone.start()
    said = clone.said(running)
    for expected in (
        f"http://127.0.0.1:{clone.port}",
        "admin@sutra.test",
        "reception@sutra.test",
        "Password",
        "/dev/messages",
    ):
        assert expected in said
    os.killpg(running.pid, signal.SIGINT)
    running.wait(60)
    assert clone.left_running() == []
    return seconds


def tell(capsys: pytest.CaptureFixture[str], figures: str) -> None:
    """Show what was measured."""
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")


def test_the_first_start_needs_nothing_but_make_and_python(clone, first_start, capsys):
    tell(capsys, f"{clone.user}: first start {first_start:.1f} s to the first page")
    assert first_start < INSTALL_SECONDS


def test_a_later_start_shows_its_first_page_within_seconds(clone, first_start, capsys):
    seconds = []
    for _ in range(3):
        running, took = clone.start()
        seconds.append(took)
        os.killpg(running.pid, signal.SIGINT)
        running.wait(60)
        assert clone.left_running() == []
    listed = ", ".join(f"{one:.1f} s" for one in seconds)
    tell(capsys, f"{clone.user}: later starts {listed} to the first page")
    assert min(seconds) < LATER_START_SECONDS


@pytest.mark.parametrize("victim", ["make", "the supervisor"])
def test_kill_9_leaves_nothing_behind(clone, first_start, victim):
    running, _ = clone.start()
    assert len(clone.left_running()) >= 8
    pid = running.pid if victim == "make" else int((clone.path / "var/run.lock").read_text())
    os.kill(pid, signal.SIGKILL)
    running.wait(60)
    assert clone.all_gone(), clone.left_running()


def readme_targets() -> list[str]:
    """The make targets the README tells people to run, in its order."""
    blocks = re.findall(r"```(?:sh|bash|console)?\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    found = re.findall(r"(?m)^\s*(?:\$ )?(?:\w+=\S+ )*make ([a-z]+)", "\n".join(blocks))
    return list(dict.fromkeys(found))


def test_the_commands_of_the_readme_work_in_a_fresh_clone(clone, first_start):
    """All but those that only measure; `run` has just been tried."""
    if clone.user != USERS[0]:
        pytest.skip("once is enough")
    targets = readme_targets()
    assert {"run", "test", "check"} <= set(targets)
    for target in targets:
        if target in ("check", "test"):
            done = clone.make(target)
            said = done.communicate(timeout=1500)[0]
            assert done.returncode == 0, said[-5000:]
