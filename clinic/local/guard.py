"""A process that stands between a parent and one command, so that the command never outlives the parent.

Run as a script: `python -I -S guard.py --alive FD --stop INT --grace 10 --identity … -- command …`. The
parent holds the other end of the pipe FD and never writes to it. Its end is the one way to stop: closed on
purpose it is a normal stop, closed because the parent was killed it is the same stop. That works after `kill
-9`, on every Unix, and from any thread of the parent. On Linux the guard also adopts the command's orphans,
and the command is told to stop when the guard itself is killed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

LINUX = sys.platform.startswith("linux")
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUSER = 0x10000000
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PARENT_CHECK_SECONDS = 1.0

libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """As whom a command runs.

    `how` is "same" (as the caller), "user" (another user; root only) or "namespace" (the caller's own files,
    seen from inside a user namespace as an ordinary user's; root only, Linux only).
    """

    how: str = "same"
    uid: int = 0
    gid: int = 0

    @property
    def owner(self) -> tuple[int, int]:
        """The user and group that must own the files this identity writes, seen from outside."""
        return (self.uid, self.gid) if self.how == "user" else (os.geteuid(), os.getegid())

    def __str__(self) -> str:
        return f"{self.how}:{self.uid}:{self.gid}"

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Read what `str()` wrote."""
        how, uid, gid = text.split(":")
        return cls(how=how, uid=int(uid), gid=int(gid))

    def become(self) -> None:
        """Turn the calling process into this identity. For a freshly forked child only; raises OSError."""
        if self.how == "user":
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
        elif self.how == "namespace":
            uid, gid = os.geteuid(), os.getegid()
            if libc.unshare(CLONE_NEWUSER) != 0:
                raise OSError(ctypes.get_errno(), "no user namespace")
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{self.uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{self.gid} {gid} 1")


def start(command: list[str], *, identity: Identity, stop_signal: signal.Signals) -> int:
    """Fork and exec the command in a process group of its own; its process id.

    Until the child has put aside what it inherited, a stop would be lost on it; so it waits until then.
    """
    guard = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        return child
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        identity.become()
        if LINUX:  # after the change of user, which clears it
            libc.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
            if os.getppid() != guard:
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        os.execvp(command[0], command)  # noqa: S606 - there is no shell on purpose
    except OSError as error:
        os.write(2, f"{command[0]} could not be started: {error}\n".encode())
    finally:
        os._exit(127)


def exit_code(status: int) -> int:
    """A shell's view of a wait status: 128 + n for a command that signal n ended."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def reap(child: int) -> int | None:
    """Collect whatever has ended; the command's exit code once it has."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended == 0:
            return None
        if ended == child:
            return exit_code(status)


def signal_group(child: int, number: signal.Signals) -> None:
    """Signal the command and whatever stayed in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, number)


def orphans() -> list[int]:
    """The processes this one has adopted or started and that still run (Linux; elsewhere none are known)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def sweep(child: int) -> None:
    """End what the command left behind: its group, and on Linux also those who left the group."""
    signal_group(child, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while LINUX and time.monotonic() < deadline:
        left = orphans()
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def remove(folder: Path) -> None:
    """Remove a folder of sockets."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def watch(child: int, *, alive: int, stop_signal: signal.Signals, grace: float) -> int:
    """Wait for the command's end or the parent's; the command's exit code. `grace` is in seconds."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    stopping = False

    def ask_to_stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    parent, kill_at = os.getppid(), None
    watched = [alive, wake_read]
    while (code := reap(child)) is None:
        readable = select.select(watched, [], [], PARENT_CHECK_SECONDS)[0]
        if wake_read in readable:
            os.read(wake_read, 512)
        if alive in readable:
            watched.remove(alive)  # end of file stays readable
            stopping = True
        if os.getppid() != parent:  # somebody else may hold the pipe open
            stopping = True
        if stopping and kill_at is None:
            kill_at = time.monotonic() + grace
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, stop_signal)
        if kill_at is not None and time.monotonic() > kill_at:
            signal_group(child, signal.SIGKILL)
    return code


def main() -> NoReturn:
    """Start the command, watch it, and end as it ended."""
    options = argparse.ArgumentParser()
    options.add_argument("--alive", type=int, required=True)
    options.add_argument("--stop", required=True)
    options.add_argument("--grace", type=float, required=True)
    options.add_argument("--identity", type=Identity.parse, required=True)
    options.add_argument("--scratch", type=Path)
    options.add_argument("command", nargs="+")
    given = options.parse_args()
    stop_signal = signal.Signals[f"SIG{given.stop}"]
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if LINUX:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.set_inheritable(given.alive, False)
    child = start(given.command, identity=given.identity, stop_signal=stop_signal)
    for number in (signal.SIGINT, signal.SIGHUP):  # the terminal speaks to the parent, which decides
        signal.signal(number, signal.SIG_IGN)
    code = watch(child, alive=given.alive, stop_signal=stop_signal, grace=given.grace)
    sweep(child)
    if given.scratch is not None:
        remove(given.scratch)
    sys.exit(code)


if __name__ == "__main__":
    main()
