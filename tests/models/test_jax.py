"""A model of every kind on JAX: it trains with weights, evaluates, predicts and comes back."""

import os
import subprocess
import sys

import pytest
from processes import ON_JAX

CODE = """
import keras, numpy as np, pytest, sys
assert keras.backend.backend() == "jax"
from contract.cases import CASES, SEED, build

x = (np.random.default_rng(0).random((24, 8, 8, 1)) < 0.4).astype("float32")
y = 1.0 - x
weight = np.repeat([1.0, 2.0, 0.0], 8).astype("float32")
for name in sys.argv[2:]:
    case = CASES[name]
    model = build(name, (8, 8, 1))
    model.compile("adam")
    besides = tuple(np.arange(24, dtype=np.int32) % count for count in case.conditions.values())
    given = (x, *besides) if besides else x
    model.fit(given, y, sample_weight=weight, batch_size=24, verbose=0)
    weighted = {"sample_weight": weight, "batch_size": 24, "verbose": 0}
    logs = model.evaluate(given, y, **weighted, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values()), (name, logs)
    if "elbo" in case.nats:
        assert logs["elbo"] == pytest.approx(-(logs["reconstruction"] + logs["kl"]), rel=1e-4)
        model(given)
        assert len(model.losses) == 1, name  # the KL, by add_loss
    raw = model.predict(given, batch_size=24, verbose=0)["raw"]
    assert raw.shape[0] == 24 * model.draws, name
    model.save(sys.argv[1] + "/model.keras")
    copy = keras.saving.load_model(sys.argv[1] + "/model.keras")
    for key, value in model.score(x, *besides).items():
        np.testing.assert_allclose(copy.score(x, *besides)[key], value, rtol=1e-5, err_msg=name)
    print(name, "trained")
"""

KINDS = (
    "iwae",
    "vq_vae",
    "top_down",
    "hierarchical_vae",
)  # what tests of the recipe and objectives leave out


@pytest.mark.slow
def test_every_kind_trains_evaluates_predicts_and_comes_back_on_jax(tmp_path):
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")
    tests = os.path.dirname(os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path), *KINDS],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | ON_JAX | {"PYTHONPATH": os.pathsep.join([tests, *sys.path])},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("trained") == len(KINDS)
