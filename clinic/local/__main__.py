"""`python -m clinic.local services`: run Postgres and Valkey alone, in the foreground."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from pathlib import Path

from clinic.local.services import EmbeddedPostgres, EmbeddedValkey, LocalError

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def run_services(data: Path, *, fast: bool) -> None:
    """Start both, print their URLs, wait for Ctrl-C."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    with contextlib.ExitStack() as started:
        database_url = started.enter_context(EmbeddedPostgres(data / "postgres", fast=fast))
        redis_url = started.enter_context(EmbeddedValkey(data / "valkey", fast=fast))
        print(f"DATABASE_URL='{database_url}'\nREDIS_URL='{redis_url}'", flush=True)
        signal.sigwait(STOP_SIGNALS)


def main() -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(prog="python -m clinic.local")
    commands = parser.add_subparsers(dest="command", required=True)
    services = commands.add_parser("services", help="run Postgres and Valkey alone and print their addresses")
    services.add_argument("--data", type=Path, default=Path("var"), help="where they keep their data")
    services.add_argument("--fast", action="store_true", help="for tests: nothing survives a power cut")
    options = parser.parse_args()
    try:
        run_services(options.data, fast=options.fast)
    except LocalError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
