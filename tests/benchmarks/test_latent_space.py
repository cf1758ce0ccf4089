"""The comparison of latent spaces as it is run: from a command to tables and figures."""

import json

import numpy as np
import pytest
from PIL import Image
from processes import run_here

TINY = "--epochs 2 --units 16 --images 120 --samples 40 --tsne-steps 250 --latents 2 4"
TINY += " --capacities 8 16 --memorised 100 --memorise-epochs 2"
FIGURES = ("latent", "plane", "holes", "samples", "memorisation")


@pytest.mark.slow
def test_the_comparison_runs_and_goes_on_where_it_was(tmp_path):
    command = ["benchmarks/latent_space.py", *TINY.split(), "--out", tmp_path]
    done = run_here(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    for kind in ("ae", "vae", "pca", "tsne"):
        assert 0.4 < results[f"{kind}-4"]["continuity"] <= 1.0
    # PCA's decoder is affine, but for what is cut off outside [0, 1].
    assert results["pca-4"]["largest_step"] == pytest.approx(1.0, abs=0.1)
    assert results["controls"]["test images"] > 0.8 > 0.05 > results["controls"]["uniform noise"]
    assert results["memorise-ae-16"]["parameters"] > results["memorise-ae-8"]["parameters"]
    table = (tmp_path / "tables.md").read_text()
    tsne = [line for line in table.splitlines() if line.startswith("| t-SNE")]
    assert [line.count("| - ") for line in tsne] == [3, 4, 3, 4]
    for name in FIGURES:
        pixels = np.asarray(Image.open(tmp_path / f"{name}.png").convert("L"))
        assert min(pixels.shape) > 150 and pixels.std() > 5, name
    # What is missing is made anew from the checkpoints, and the same; what is there stays.
    kept = dict(results)
    lost = kept.pop("vae-2")
    (tmp_path / "results.json").write_text(json.dumps(kept))
    written = (tmp_path / "samples.png").stat().st_mtime_ns
    again = run_here(*command, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "Epoch 1/" not in again.stdout
    assert json.loads((tmp_path / "results.json").read_text())["vae-2"] == pytest.approx(lost)
    assert (tmp_path / "samples.png").stat().st_mtime_ns == written
    other = run_here(*command, "--samples", "41", cwd=tmp_path)
    assert other.returncode == 1 and "another --out" in other.stderr
    assert "Traceback" not in other.stderr
