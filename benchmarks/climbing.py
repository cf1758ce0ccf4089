"""Molecules that a property's climb finds, against all that an artifact was trained on.

Run:       python benchmarks/climbing.py ARTIFACT logP --dataset FILE --test-share 0.1
Needs:     pip install -c constraints.txt -e ".[train,molecules]"
Prints:    a markdown table; with `--figure` it draws the best, each beside what it was climbed from

`zoo.evaluation.optimise` from `--count` draws of the prior of the artifact's model.keras, in 200
steps of Adam. Predicted are means of what the head says, computed those of what RDKit says of the
strings that are decoded, of molecules alone; `valid`, `unique` of the valid and `novel` of the
unique are by canonical SMILES.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import paired

import zoo
import zoo.catalog  # registers the classes that model.keras names
from zoo.evaluation import generated_strings, optimise
from zoo.evaluation.molecules import reading


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("artifact")
    parser.add_argument("property")
    parser.add_argument("--dataset", required=True, help="what it was trained on")
    parser.add_argument("--test-share", type=float, default=0.2)
    parser.add_argument("--tokenizer", default="auto")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minimise", action="store_true")
    parser.add_argument("--figure", help="PNG to draw")
    given = parser.parse_args()
    data = zoo.datasets.load(given.dataset, test_share=given.test_share, tokenizer=given.tokenizer)
    train = generated_strings.training_strings(zoo.datasets.binarize(data, "none"))
    train = list(reading.as_smiles(data.schema, train))
    model = keras.saving.load_model(f"{given.artifact}/model.keras")
    found = optimise(
        model,
        given.property,
        schema=data.schema,
        count=given.count,
        maximise=not given.minimise,
        seed=given.seed,
    )
    rows = [[name, f"{value:.3f}"] for name, value in found.metrics(train=train)]
    print(paired.table([given.property, f"{given.count} draws, seed {given.seed}"], rows))
    print(f"\n{paired.machine('rdkit', 'keras')}")
    if given.figure:
        print(found.draw(given.figure, train=train))


if __name__ == "__main__":
    main()
