"""Every trial of any input once more, with all its examples: `make test` draws some of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.examples import ALL

ROOT = Path(__file__).resolve().parents[2]


def test_any_input_holds_with_all_examples() -> None:
    trials = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "auto",
        "-m",
        "hypothesis",
        "--ignore=tests/proof",
        "tests",
    ]
    assert subprocess.run(trials, cwd=ROOT, env={**os.environ, ALL: "1"}, check=False).returncode == 0
