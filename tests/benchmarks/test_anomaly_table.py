"""The table of anomaly scores of a class that training did not see, as it is run."""

import re
import subprocess
import sys

import numpy as np
import pytest
from processes import ROOT

from zoo.evaluation import anomaly

RECIPE = "--groups 1 1 --top 2 --channels 1 --filters 3 --dense 4 --no-float16 --no-sample-quality"


@pytest.mark.slow
def test_every_score_of_a_hierarchy_has_its_column(tmp_path):
    options = ["--model", "hierarchical_vae", "--classes", "1", "--epochs", "1", "--images", "90"]
    options += ["--folder", str(tmp_path / "out"), "--", *RECIPE.split()]
    command = [sys.executable, str(ROOT / "benchmarks" / "anomaly.py"), *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    heading, _, row, mean = re.findall(r"^\| .*\|$|^\|-.*", done.stdout, re.MULTILINE)
    names = [name.strip() for name in heading.split("|")][3:-3]
    shown = dict(zip(names, (cell.strip() for cell in row.split("|")[3:-3]), strict=True))
    assert names[-2:] == ["LLR, k=1", "(KL + LLR) / -ELBO, k=1"] and mean.startswith("| mean")
    with np.load(tmp_path / "out" / "scores_without_1.npz") as kept:
        scores = {name: kept[name] for name in kept}
    out = scores["labels"] == 1
    assert len(out) == 90 and shown["KL / -ELBO"] != shown["KL"]
    share = (scores["kl"] + scores["likelihood_ratio_1"]) / scores["negative_elbo"]
    for name, values in {
        "-ELBO": scores["negative_elbo"],
        "excess": scores["excess"],
        "LLR, k=1": scores["likelihood_ratio_1"],
        "KL / -ELBO": scores["kl"] / scores["negative_elbo"],
        "(KL + LLR) / -ELBO, k=1": share,
    }.items():
        assert shown[name] == f"{anomaly.area(values[~out], values[out]):.3f}", name
