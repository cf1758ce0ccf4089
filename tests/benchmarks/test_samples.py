"""The share of samples that a judge accepts, as it is run."""

import re

import pytest
from processes import run_here


@pytest.mark.slow
def test_samples_are_judged_beside_real_images(artifact, tmp_path):
    done = run_here(
        "benchmarks/samples.py", artifact, "--dataset", "digits", "--count", "200", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    shares = dict(re.findall(r"^\| (.+?) \| ([\d.]+)%", done.stdout, re.MULTILINE))
    assert list(shares) == ["real test images (200)", "`conv_vae-digits`"]
    # The fixture's model has seen two epochs: what it draws is no digit, and the judge sees it.
    assert float(shares["real test images (200)"]) > 85.0 > float(shares["`conv_vae-digits`"])
