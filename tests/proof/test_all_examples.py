"""What `make test` does in part, in whole: all examples of any input, every width, scheme and seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.examples import ALL

ROOT = Path(__file__).resolve().parents[2]


def run_marked(mark: str, **environment: str) -> int:
    pytest = [sys.executable, "-m", "pytest", "-n", "auto", "-m", mark, "--ignore=tests/proof", "tests"]
    return subprocess.run(pytest, cwd=ROOT, env=os.environ | environment, check=False).returncode


def test_any_input_holds_with_all_examples() -> None:
    assert run_marked("hypothesis", **{ALL: "1"}) == 0


def test_what_repeats_in_other_widths_schemes_and_seeds_holds() -> None:
    assert run_marked("long") == 0
