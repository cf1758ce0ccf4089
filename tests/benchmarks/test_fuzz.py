"""The fuzz campaigns as they are run, but short. The long ones: benchmarks/README.md."""

import os
import re
import subprocess
import sys

import pytest
from processes import ROOT

CAMPAIGNS = [
    ("fuzz_artifacts.py", ["--count", "60", "--seed", "1"], "60 cases of seed 1"),
    ("fuzz_inputs.py", ["--count", "400", "--seed", "1"], "400 cases of seed 1"),
]


@pytest.mark.slow
@pytest.mark.parametrize("script, options, said", CAMPAIGNS, ids=["artifacts", "inputs"])
def test_nothing_dies_hangs_raises_or_answers_wrongly(artifact, script, options, said):
    done = run(script, artifact, *options)
    assert done.returncode == 0, done.stdout
    assert said in done.stdout and "0 not as wanted" in done.stdout
    counts = dict(_counts(done.stdout))
    assert counts["answered"] > 5 and counts["refused"] > 5


@pytest.mark.slow
def test_threads_get_one_artifact_or_the_other_while_it_is_replaced(artifact):
    done = run("fuzz_threads.py", artifact, "--seconds", "5", "--threads", "8")
    assert done.returncode == 0, done.stdout
    assert re.search(r"[1-9]\d* replacements: [\d,]+ answered, [\d,]+ loaded", done.stdout)


@pytest.mark.slow
def test_no_request_at_random_is_a_failure_of_a_server():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "serving_soak.py", "fuzz", "--requests", "300"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (every,) = re.findall(r"^\| all \| (.*) \|$", done.stdout, re.MULTILINE)
    count, answered, refused, failed, _ = (int(n.replace(",", "")) for n in every.split(" | "))
    assert count >= 300 and answered > 20 and refused > 50 and failed == 0


@pytest.mark.slow
def test_clients_with_seeds_of_their_own_get_their_own_answers():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "serving_soak.py", "seeds"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| molecule_vae-qm9 | 32 | 640 | 0 |" in done.stdout


def run(script, *arguments):
    """A campaign, in a process that has not loaded TensorFlow: it is copied by `fork`."""
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def _counts(text):
    return [(word, int(n.replace(",", ""))) for n, word in re.findall(r"([\d,]+) (\w+)[,;]", text)]
