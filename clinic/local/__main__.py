"""`python -m clinic.local run` starts the whole clinic, `… services` Postgres and Valkey alone."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from pathlib import Path

from clinic.local.services import EmbeddedPostgres, EmbeddedValkey, LocalError
from clinic.local.supervisor import Stopped, run, stop_on_signals


def run_services(data: Path, *, fast: bool) -> None:
    """Start both, print their URLs, wait for Ctrl-C."""
    stop_on_signals()
    with contextlib.suppress(Stopped), contextlib.ExitStack() as started:
        database_url = started.enter_context(EmbeddedPostgres(data / "postgres", fast=fast))
        redis_url = started.enter_context(EmbeddedValkey(data / "valkey", fast=fast))
        print(f"DATABASE_URL='{database_url}'\nREDIS_URL='{redis_url}'", flush=True)
        threading.Event().wait()


def main() -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(prog="python -m clinic.local")
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("run", help="run the whole clinic until Ctrl-C")
    whole.add_argument("--parent", type=int, help="end as well when this calling process has ended")
    services = commands.add_parser("services", help="run Postgres and Valkey alone and print their addresses")
    services.add_argument("--data", type=Path, default=Path("var"), help="where they keep their data")
    services.add_argument("--fast", action="store_true", help="for tests: nothing survives a power cut")
    options = parser.parse_args()
    if options.command == "run":
        sys.exit(run(parent=options.parent))
    try:
        run_services(options.data, fast=options.fast)
    except LocalError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
