"""The benchmark of a machine with a GPU, as it is run without one: all of it, small."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the peer is written in it: vae-zoo[bench]")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))


@pytest.mark.slow
def test_every_part_runs_on_a_cpu_and_is_kept(artifact, tmp_path, monkeypatch):
    pytest.importorskip("jax", reason="the zoo trains on it: vae-zoo[jax]")
    from processes import run_here

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    recipe = "dense_vae --units 8 --latent 2 --dry-run"
    command = ["gpu.py", "--device", "cpu", "--quick", "--networks", "dense-28"]
    command += ["--artifacts", artifact, "--train", f"{recipe} --dataset {{data}}"]
    command += ["--data", "digits", "--results", tmp_path / "gpu.json"]
    done = run_here(BENCHMARKS / command[0], *command[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "gpu.json").read_text())
    kept = dict(results["entries"])
    failed = {key: entry["failed"] for key, entry in kept.items() if "failed" in entry}
    assert not failed and len(kept) == 4
    assert kept[f"verify/{artifact.name}"]["ok"]
    step = kept["step/dense-28"]
    assert set(step["ms"]) == {"jax", "jax step", "eager"}
    assert "not measured" in step["busy"]["jax"]["why"]
    for way, entry in kept[f"inference/{artifact.name}"].items():
        assert all(each["ok"] for each in entry["check"].values()), way
    trained = next(entry for key, entry in kept.items() if key.startswith("train/"))
    assert trained["code"] == 0
    for heading in ("## Parity", "## A training step", "## Inference", "## Trained"):
        assert heading in done.stdout
    assert "not done" not in done.stdout
    # What is there is not made again; other sizes are other results.
    again = run_here(BENCHMARKS / command[0], *command[1:], cwd=tmp_path)
    assert again.returncode == 0 and "..." not in again.stderr
    assert json.loads((tmp_path / "gpu.json").read_text())["entries"] == kept
    other = run_here(BENCHMARKS / command[0], *command[1:], "--batch", "9", cwd=tmp_path)
    assert other.returncode == 1 and "another --results" in other.stderr


def test_a_busy_share_counts_overlapping_kernels_once():
    import device_busy

    # 0-4 and 2-6 overlap, 8-10 stands alone: 8 of 10.
    assert device_busy.share([(8, 10), (0, 4), (2, 6), (3, 4)]) == pytest.approx(0.8)


def test_a_worker_that_ends_or_waits_too_long_is_said_to(tmp_path):
    import turns

    script = tmp_path / "worker.py"
    script.write_text(
        f"import sys, time\nsys.path.insert(0, {str(BENCHMARKS)!r})\nimport turns\n"
        "def answer(do):\n"
        "    if do == 'sleep':\n        time.sleep(60)\n"
        "    if do == 'end':\n        sys.exit('no more')\n"
        "    print('a library speaks')\n"
        "    return {'did': do}\n"
        "turns.serve(answer)\n"
    )
    worker = turns.Worker(str(script), {}, {}, tmp_path / "log")
    try:
        assert worker.ask(60, do="this") == {"did": "this"}
        with pytest.raises(turns.WorkerEnded, match="not answered in 0 s"):
            worker.ask(0.2, do="sleep")
    finally:
        worker.close()
    worker = turns.Worker(str(script), {}, {}, tmp_path / "log")
    try:
        with pytest.raises(turns.WorkerEnded, match="has ended: no more"):
            worker.ask(60, do="end")
    finally:
        worker.close()
