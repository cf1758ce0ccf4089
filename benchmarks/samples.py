"""What share of an artifact's samples a calibrated classifier of digits accepts, beside real ones.

Run:       python benchmarks/samples.py exports/*_vae-mnist --dataset mnist
Prints:    a markdown table

Sample i is `generate` of seed i, by the exported ONNX graph: the likelihood's mean, not a draw of
pixels. The judge is `zoo.evaluation.completeness.Judge`, calibrated on training images that it does
not hold; real test images are its control. Samples of a model with a label get labels in turn.
"""

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np
import paired

import zoo
from zoo.evaluation import completeness


def samples(artifact, count):
    """float32 [count, *event]: `generate` of the seeds 0 to count - 1."""
    model = zoo.load(artifact)
    seeds = np.arange(count, dtype=np.int64)
    besides = model.manifest["endpoints"]["generate"]["inputs"][1:]
    return model.generate(seeds, *(np.arange(count, dtype=np.int32) % 10 for _ in besides)).x_mean


def main():
    """Judges each artifact's samples and the test images, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--count", type=int, default=2000, help="samples of each artifact")
    parser.add_argument("--seed", type=int, default=0, help="of the judge")
    given = parser.parse_args()
    data = zoo.datasets.binarize(zoo.datasets.load(given.dataset, seed=given.seed), "none")
    training = data.train.examples(np.arange(len(data.train)))
    judge = completeness.Judge(training, data.train.labels, given.seed)
    test = data.test.examples(np.arange(min(given.count, len(data.test))))
    judged = {f"real test images ({len(test):,})": test}
    for artifact in given.artifacts:
        judged[f"`{artifact.name}`"] = samples(artifact, given.count)
    rows = []
    for name, images in judged.items():
        found = dict(completeness.completeness(judge, images))
        shares = f"{found['accepted']:.1%}", f"{found['far']:.1%}", f"{found['classes']:.1f}"
        rows.append([name, *shares])
    print(f"`{shlex.join(['python', 'benchmarks/samples.py', *sys.argv[1:]])}`\n")
    print(
        f"{given.count:,} samples each. {paired.machine('onnxruntime', 'scikit-learn', 'numpy')}\n"
    )
    print(paired.table(["samples of", "accepted", "far from all digits", "classes"], rows))


if __name__ == "__main__":
    main()
