"""How often two runtimes draw different steps from one seed, where a decoder feeds them back.

Run:       python recipes/rnn_vae.py --autoregressive
           python benchmarks/autoregressive_draws.py exports/rnn_vae-digits
Prints:    of so many draws, how many differ from Keras's in the SavedModel and in ONNX Runtime, and
           how many came so close that a change of 1e-5, 1e-6 or 1e-7 of a probability would do it

A binary step is a one where noise < probability. The noise has the same bits everywhere; the
probability is computed in float64, from weights and z of float32. Once noise and probability fall
on different sides, all later steps differ.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import zoo.catalog  # noqa: F401  registers the classes that model.keras names
from zoo.export.signatures import Signatures
from zoo.runtime import load

BATCH = 1000


def main():
    """Draws in every runtime and counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact")
    parser.add_argument("--draws", type=int, default=10_000)
    given = parser.parse_args()
    model = keras.saving.load_model(f"{given.artifact}/model.keras")
    saved_model = Signatures(f"{given.artifact}/saved_model/1")
    onnx = load(given.artifact)
    margins, errors = [], {"SavedModel": [], "ONNX Runtime": []}
    for start in range(0, given.draws, BATCH):
        inputs = {"seed": np.arange(start, min(start + BATCH, given.draws))}
        answer = model.generate(inputs["seed"])
        margins.append(keras.ops.convert_to_numpy(model.margin(inputs, answer)))
        others = saved_model.run("generate", inputs), onnx.generate(**inputs)._asdict()
        for found, other in zip(errors.values(), others, strict=True):
            assert np.array_equal(other["z"], answer["z"])
            difference = np.abs(other["x_mean"] - keras.ops.convert_to_numpy(answer["x_mean"]))
            found.append(difference.reshape(len(difference), -1).max(axis=1))
    margins = np.concatenate(margins)
    for runtime, found in errors.items():
        found = np.concatenate(found)
        print(
            f"{runtime}: {int((found > 1e-5).sum())} of {len(found):,} draws differ; the others' "
            f"probabilities by {found[found <= 1e-5].max():.1e} at most"
        )
    for change in (1e-5, 1e-6, 1e-7):
        print(f"within {change:.0e} of another step: {int((margins < change).sum())}")


if __name__ == "__main__":
    main()
