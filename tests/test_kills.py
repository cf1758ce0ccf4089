"""A few kills of benchmarks/fuzz_kills.py, which kills recipes two hundred times."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_runs_that_are_killed_leave_nothing_half_and_resume_to_the_same_bits():
    command = [sys.executable, "benchmarks/fuzz_kills.py", "--kills", "3", "--seed", "4"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, row = done.stdout.strip().splitlines()
    assert row.startswith("| 3 |") and "| 0 |" in row
