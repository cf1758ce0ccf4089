"""Molecules that an artifact generates and gives back, beside published figures of MOSES.

Run:       python benchmarks/molecules.py exports/molecule_vae-qm9 --dataset FILE --test-share 0.1
           python benchmarks/molecules.py exports/molecule_vae-moses --dataset moses --moses
           python benchmarks/molecules.py exports/molecule_vae-moses.run --dataset moses --moses
Needs:     pip install -c constraints.txt -e ".[molecules]"; --moses wants ".[moses]" and molsets
Prints:    a markdown table: a row for each seed of sampling, their mean and range

All through ONNX Runtime, as an app does it: `zoo.load(artifact)`; of a run that has not ended the
best epoch so far, by Keras. Of `--count` strings, drawn for
the seeds from `seed * count` on: `valid` by RDKit, `unique` among the first 10,000 valid ones and
`novel` against the training molecules, both as canonical SMILES. `exact` is the share of test
molecules that `reconstruct` gives back to the letter, of all of them. `--moses` has the metrics of
MOSES in place of these, of 30,000 strings unless told otherwise, beside its README's.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import paired
import unfinished

import zoo
from zoo.evaluation import generated_strings
from zoo.evaluation.molecules import canonical_strings, molecule_metrics, reading, spelling

BATCH = 1000
PUBLISHED = {  # README of molecularsets/moses: means of three trainings
    "VAE (published)": {
        "valid": 0.9767,
        "unique@10000": 0.9984,
        "Novelty": 0.6949,
        "FCD/Test": 0.099,
        "FCD/TestSF": 0.567,
        "SNN/Test": 0.6257,
        "Scaf/Test": 0.9386,
        "Scaf/TestSF": 0.0588,
    },
    "CharRNN (published)": {"valid": 0.9748, "Novelty": 0.8419, "FCD/Test": 0.0732},
}


def generated(vae, seed, count):
    """SMILES, of what may be no molecules or have none."""
    strings = []
    for first in range(seed * count, (seed + 1) * count, BATCH):
        seeds = np.arange(first, min(first + BATCH, (seed + 1) * count))
        strings += vae.generate(seeds).strings
    return list(reading.as_smiles(vae.schema, strings))


def shares(smiles, train, jobs):
    """{name: share} of generated strings."""
    read = [each for each in canonical_strings(smiles, jobs) if each]
    different = set(read)
    first = read[:10_000]
    known = spelling.among(different, train, jobs)
    return {
        "valid": len(read) / len(smiles),
        "unique@10000": len(set(first)) / max(1, len(first)),
        "novel": 1.0 - len(known) / max(1, len(different)),
    }


def exact(vae, split):
    """The share of a split's strings that come back to the letter."""
    same = 0
    for first in range(0, len(split), BATCH):
        rows = np.asarray(split.images[first : first + BATCH]).astype(np.int32)
        same += int((vae.reconstruct(rows).tokens_mode == rows).all(axis=1).sum())
    return same / len(split)


def _opened(place):
    """What generates: an artifact, or the best epoch of a run that has not ended."""
    if not place.rstrip("/").endswith(".run"):
        return zoo.load(place)
    found = unfinished.Strings(place)
    print(f"{place}: epoch {found.epoch}, not ended", end="\n\n")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("artifact", help="or the .run folder of a training that has not ended")
    parser.add_argument("--dataset", required=True, help="what it was trained on")
    parser.add_argument("--test-share", type=float, default=0.2)
    parser.add_argument("--tokenizer", default="auto")
    parser.add_argument("--count", type=int, help="10,000; of MOSES 30,000")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--moses", action="store_true")
    given = parser.parse_args()
    count, jobs = given.count or (30_000 if given.moses else 10_000), os.cpu_count() or 1
    vae = _opened(given.artifact)
    rows = {}
    if given.moses:
        for seed in given.seeds:
            rows[f"seed {seed}"] = molecule_metrics(generated(vae, seed, count), jobs=jobs)
    else:
        data = zoo.datasets.load(
            given.dataset, test_share=given.test_share, tokenizer=given.tokenizer
        )
        train = list(
            reading.as_smiles(
                data.schema, generated_strings.training_strings(zoo.datasets.binarize(data, "none"))
            )
        )
        for seed in given.seeds:
            rows[f"seed {seed}"] = shares(generated(vae, seed, count), train, jobs)
        print(
            f"exact reconstruction of {len(data.test):,} test strings: {exact(vae, data.test):.4f}"
        )
    names = list(next(iter(rows.values())))
    table = [[name, *(f"{rows[name][each]:.4f}" for each in names)] for name in rows]
    mean = [np.mean([row[each] for row in rows.values()]) for each in names]
    table.append(["mean", *(f"{value:.4f}" for value in mean)])
    for name, values in PUBLISHED.items() if given.moses else ():
        table.append([name, *(f"{values[each]:.4f}" if each in values else "-" for each in names)])
    print(paired.table([given.artifact, *names], table))
    print(f"\n{count:,} strings a seed. {paired.machine('rdkit', 'onnxruntime')}")


if __name__ == "__main__":
    main()
