"""`make run`: the whole clinic on one machine, from nothing to a page, until Ctrl-C.

Order: lock, port, servers, migrations, demo clinic, web, and once that answers worker and clock. From the
second start on the web process comes up beside those two, and alone where there is nothing new to make ready.
The stop is the same in reverse. All data lies in `var/` of the checkout; nothing listens beyond 127.0.0.1.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from clinic.local.children import Child, python, say
from clinic.local.readiness import Readiness
from clinic.local.services import (
    EmbeddedPostgres,
    EmbeddedValkey,
    LocalError,
    Service,
    end_of,
    guarded,
    locked,
    private,
    process_name,
)

HOST = "127.0.0.1"
CHECKOUT = Path(__file__).resolve().parents[2]
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAGE_SECONDS = 60.0
LOOK_SECONDS = 0.5
REST_SECONDS = 15.0
MARK = "=== flask "  # before each command's output
PREPARE = ("db upgrade", "demo load --if-empty", "demo show --json")


class Stopped(BaseException):
    """Somebody asked the program to stop."""


def stop_on_signals() -> None:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into `Stopped` in the main thread; later ones are ignored."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in STOP_SIGNALS:
        signal.signal(number, stop)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which checkout runs, where its data lies, and on which port."""

    checkout: Path
    var: Path
    port: int

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"http://{HOST}:{self.port}"


def read_port(text: str) -> int:
    """A port number from the environment. Raises LocalError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise LocalError(f"PORT is {text!r}; it must be a number from 1 to 65535, such as PORT=8001.")
    return int(text)


def check_port(port: int) -> None:
    """Make sure the port is free on this machine. Raises LocalError with what to do."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
            trial.listen(1)
        except PermissionError:
            raise LocalError(f"Port {port} is for root alone. Choose another: PORT=8000 make run") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            other = port + 1 if port < 65535 else port - 1
            raise LocalError(
                f"Port {port} is in use by another program. Stop it, or choose another: PORT={other} make run"
            ) from None


@contextlib.contextmanager
def only_copy(var: Path) -> Iterator[int]:
    """Make sure this checkout runs once; yields the lock, which the children keep for as long as any of them
    runs.

    What a killed copy left is given time to end. Raises LocalError naming the other process.
    """
    path = var / "run.lock"
    holder = path.read_text() if path.exists() else ""
    alive = holder.isdigit() and process_name(int(holder)) != ""
    sentence = (
        f"Sutra already runs from this folder (process {holder}). Stop it first, with Ctrl-C in its window."
    )
    with locked(path, seconds=0.0 if alive else 15.0, sentence=sentence) as lock:
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        yield lock


def read_env_file(path: Path) -> dict[str, str]:
    """The settings of a file of NAME=value lines; empty where there is none."""
    if not path.exists():
        return {}
    lines = (line.strip().removeprefix("export ") for line in path.read_text().splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs if value.strip()}


def own_secrets(path: Path) -> dict[str, str]:
    """Keys made once for this checkout, so that people stay signed in when it starts again."""
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FIELD_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        }
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text("".join(f"{name}={value}\n" for name, value in made.items()))
        new.replace(path)
    return read_env_file(path)


def environment(place: Place, given: Mapping[str, str]) -> dict[str, str]:
    """The settings the application runs with here; what is given wins, except the development mode."""
    settings = {
        "PUBLIC_URL": place.address,
        **own_secrets(place.var / "secret"),
        **read_env_file(place.checkout / ".env"),
        **given,
    }
    return settings | {
        "SUTRA_ENV": "development",
        "FLASK_APP": "wsgi.py",
        "PORT": str(place.port),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(place.checkout),
    }


def start_services(place: Place, env: dict[str, str], started: contextlib.ExitStack) -> list[Service]:
    """Start what DATABASE_URL and REDIS_URL do not give, and write its address into `env`."""
    services: list[Service] = []
    if not env.get("DATABASE_URL"):
        services.append(EmbeddedPostgres(place.var / "postgres"))
        env["DATABASE_URL"] = started.enter_context(services[-1])
    if not env.get("REDIS_URL"):
        services.append(EmbeddedValkey(place.var / "valkey"))
        env["REDIS_URL"] = started.enter_context(services[-1])
    return services


def prepare(place: Place, env: dict[str, str], lock: int) -> dict[str, object]:
    """Migrate, load the demo clinic into an empty database, and say who may log in. Raises LocalError.

    The command keeps the lock: a killed copy's migrations have ended before the next copy's begin.
    """
    command = python("clinic.local.flask_commands", *PREPARE)
    log = place.var / "log" / "prepare.log"
    with (
        open(log, "wb", opener=private) as errors,
        guarded(
            command,
            env=env,
            cwd=place.checkout,
            output=subprocess.PIPE,
            errors=errors.fileno(),
            keep_open=(lock,),
        ) as running,
    ):
        assert running.process.stdout is not None, "asked for above"
        output = running.process.stdout.read().decode(errors="replace")
        code = running.wait()
    if code != 0:
        with log.open("a") as file:
            file.write(output)
        raise LocalError(f"The database could not be made ready. {end_of(log)}")
    shown = output.rpartition(f"{MARK}{PREPARE[-1]}")[2]
    try:
        return {str(key): value for key, value in json.loads(shown).items()}
    except ValueError:
        return {}


def wait_for_page(place: Place, web: Child) -> None:
    """Wait until the application answers. Raises LocalError where it ends instead."""
    deadline = time.monotonic() + FIRST_PAGE_SECONDS
    while time.monotonic() < deadline and not web.ended:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(HOST, place.port, timeout=10)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    web.stop()
    raise LocalError(f"The web process did not come up. What it said stands above and in {web.log.path}.")


def greeting(place: Place, demo: Mapping[str, object]) -> str:
    """The one block a person needs: the address, who may log in, how to stop."""
    lines = ["", f"Sutra is ready:  {place.address}", ""]
    staff = {role: email for role, email in demo.items() if "@" in str(email)}
    rows = [(role.replace("_", " ").capitalize(), email) for role, email in staff.items()]
    if staff:
        rows += [("Password", demo.get("password"))]
    if demo.get("patient_mobile"):
        rows += [("Patient", f"{place.address}/portal/sign-in with mobile {demo['patient_mobile']}")]
    rows += [("Codes, messages", f"{place.address}/dev/messages")]
    lines += [*(f"  {label:<16} {value}" for label, value in rows), ""]
    lines += [f"Data in {place.var}, logs in {place.var / 'log'}. Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def end_with(parent: int) -> None:
    """Ask this process to stop once `parent` is no longer the one that started it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def look_after(services: list[Service], children: list[Child]) -> NoReturn:
    """Keep everything running until `Stopped`."""
    while True:
        for service in services:
            if service.ended:
                say(f"{service.name} has ended; starting it again. Its log: {service.log}")
                service.start()
        for child in children:
            child.look_after()
        time.sleep(LOOK_SECONDS)


def run_clinic(place: Place) -> NoReturn:
    """Start everything in order and look after it; ends only with `Stopped` or LocalError."""
    (place.var / "log").mkdir(parents=True, exist_ok=True)
    env = environment(place, os.environ)
    with contextlib.ExitStack() as started:
        lock = started.enter_context(only_copy(place.var))
        check_port(place.port)
        own_database = not env.get("DATABASE_URL")
        ready = Readiness(file=place.var / "postgres" / "made-ready", checkout=place.checkout)
        again = own_database and ready.is_known
        if own_database and not again:
            say("Making the database and loading the demo clinic, once …")
        services = start_services(place, env, started)
        serve = ["--config", "gunicorn.conf.py", "--bind", f"{HOST}:{place.port}", "--workers", "2"]
        web, worker, clock = (
            Child(name, command, env=env, cwd=place.checkout, logs=place.var / "log", lock=lock)
            for name, command in (
                ("web", python("gunicorn", *serve, "wsgi:app")),
                ("worker", python("flask", "worker")),
                ("clock", python("flask", "clock")),
            )
        )
        for child in (clock, worker, web):
            started.callback(child.stop)
        if again:
            web.start()
        demo = ready.demo(env["DATABASE_URL"]) if again else None
        if demo is None:
            demo = prepare(place, env, lock)
            if own_database:
                ready.remember(demo, env["DATABASE_URL"])
        if not again:
            web.start()
        wait_for_page(place, web)
        say(greeting(place, demo))
        look_after(services, [web, worker, clock])


def wait_for_the_rest() -> None:
    """Wait for what was being started at the very moment of the stop, which nobody holds."""
    deadline = time.monotonic() + REST_SECONDS
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)


def run(*, parent: int | None = None) -> int:
    """`python -m clinic.local run`; the exit code. It ends with the process `parent`, where that is given."""
    code = run_until_stopped(parent)
    wait_for_the_rest()
    return code


def run_until_stopped(parent: int | None) -> int:
    """Run the clinic; the exit code once it was asked to stop or could not start."""
    stop_on_signals()
    try:
        if parent is not None:
            end_with(parent)
        run_clinic(
            Place(checkout=CHECKOUT, var=CHECKOUT / "var", port=read_port(os.environ.get("PORT") or "8000"))
        )
    except LocalError as error:
        say(str(error))
        return 1
    except Stopped:
        say("Stopped.")
        return 0
