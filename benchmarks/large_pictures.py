"""Pictures of 64x64 and 128x128 in colour: speed and memory against PyTorch, bits and samples.

Run:       python benchmarks/large_pictures.py time --side 64
           python benchmarks/large_pictures.py train --side 64 --networks hierarchical --steps 4000
           python benchmarks/large_pictures.py train --side 128 --networks conv --steps 1000
Needs:     pip install -c constraints.txt -e ".[bench,jax]", and a C++ compiler for torch.compile
Prints:    markdown tables; benchmarks/large_pictures.md keeps them

Pictures are 3,000 crops of the two photographs that scikit-learn ships (`photographs.py`, seed 0),
8-bit, in colour; a fifth are the test set. They overlap: a test crop shows what training crops
show, elsewhere in the picture. The networks are `catalog.conv_vae` as its recipe has it for
photographs (latents that keep their places, a VampPrior of 50 pseudo-inputs) and
`catalog.hierarchical_vae`.

`time`: milliseconds of a step and the process's peak memory, with all that it imports, on
TensorFlow and JAX, and of the same network in PyTorch, eager and compiled, channels last
(`step_worker.py`; that the networks are equal is tested).
`train`: so many steps on the backend that KERAS_BACKEND names; then the process's peak memory, bits
per dimension of the test set by K importance samples and by the ELBO, and figures of samples and
reconstructions in `--out`. A run that was interrupted goes on.
"""

import argparse
import json
import math
import os
import shlex
import sys
from pathlib import Path

import paired
import paired_steps
import picture_networks

COUNT = 3000
FREE_NATS = 0.5  # of each group: the recipe's default
NETWORKS = ("conv", "hierarchical")


def time_steps(given):
    """Prints the table of a step, of each network."""
    versions = ("tensorflow", "jax", "keras", "torch")
    print(f"{paired.machine(*versions)} Medians of up to {given.rounds} rounds.\n")
    ways = given.ways or ["tensorflow", "jax", "eager", "default"]
    rows, log = [], str(given.out / "time.log")
    for network in given.networks:
        sizes = {"network": network, "image": given.side, "batch": given.batch}
        sizes |= {"steps": given.steps}
        found = paired_steps.measure(ways, sizes, "cpu", given.rounds, given.seconds, log)
        rows += paired_steps.rows(f"{network}, {given.side}x{given.side}", found)
    print(paired.table(paired_steps.HEAD, rows))


def train(given):
    """Trains and evaluates each network; prints a table."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    head = ["network", "parameters", "steps", "minutes", "peak MiB", "bits per dimension"]
    head += ["ELBO, bits", "of each value by itself", "KL, nats"]
    rows = []
    for network in given.networks:
        folder = given.out / f"{network}-{given.side}"
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "result.json"
        asked = {"steps": given.steps, "batch": given.batch, "samples": given.samples}
        found = json.loads(kept.read_text()) if kept.exists() else None
        if found is None or found["asked"] != asked:
            found = {"asked": asked} | _trained(given, network, folder)
            kept.write_text(json.dumps(found, indent=1))
        bits = (found[name] / found["values"] / math.log(2.0) for name in ("nll", "elbo", "base"))
        bits = [f"{value:.2f}" for value in bits]
        row = [f"{network}, {given.side}x{given.side}", f"{found['parameters']:,}"]
        row += [str(found["steps"]), f"{found['seconds'] / 60:.1f}", f"{found['peak']:,.0f}"]
        rows.append([*row, *bits, f"{found['kl']:.1f}"])
        print(f"{folder}: samples.png, reconstructions.png", file=sys.stderr)
    print(f"{paired.machine(os.environ['KERAS_BACKEND'], 'keras')} K={given.samples}.\n")
    print(paired.table(head, rows))


def _trained(given, network, folder):
    """Nats and facts of one network after so many steps, its figures in the folder."""
    import numpy as np

    from zoo import datasets, evaluation, training
    from zoo.evaluation import figures
    from zoo.objectives import GroupFreeBits

    shown = picture_networks.Network(network, given.side)
    data = datasets.from_arrays(shown.pictures(given.count), name=f"crops{given.side}")
    data = datasets.binarize(data, "none")
    training.seed_everything(0)
    options = {"objective": GroupFreeBits(FREE_NATS)} if network == "hierarchical" else {}
    model = shown.zoos(**options)
    settings = training.Settings(batch_size=given.batch, epochs=1, patience=0)
    settings = training.plan(settings, data.train, data.schema.picture)
    each = round(len(data.train) * (1.0 - settings.validation_share)) // given.batch
    epochs = math.ceil(given.steps / each)
    settings = training.Settings(batch_size=given.batch, epochs=epochs, patience=0)
    if model.pseudo_input_count:
        first = np.linspace(0, len(data.train) - 1, model.pseudo_input_count).astype(int)
        model.start_pseudo_inputs(data.train.examples(np.unique(first)))
    run = training.fit(model, data, settings, folder, resume=True)
    facts = {"peak": paired.peak(), "seconds": run.seconds, "steps": each * epochs}
    report = evaluation.report(model, data, samples=given.samples, folder=folder)
    figures.prior_samples(model, data.schema, 0, folder)
    figures.reconstructions(model, data, folder)
    metrics = report.metrics
    return facts | {
        "parameters": model.count_params(),
        "values": math.prod(shown.event_shape),
        "nll": metrics["nll"],
        "elbo": -metrics["elbo"],
        "kl": metrics["kl"],
        "base": metrics["baseline_nll"],
    }


def main():
    """Reads the command line; times or trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("time", "train"))
    parser.add_argument("--side", type=int, default=64, help="of a picture, 64 or 128")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, help="timed: of an epoch, 20; trained: 2,000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=600.0, help="of a network's rounds")
    parser.add_argument("--ways", nargs="+", choices=("tensorflow", "jax", *paired_steps.MODES))
    parser.add_argument("--count", type=int, default=COUNT, help="crops that are trained on")
    parser.add_argument("--samples", type=int, default=64, help="K of the importance sampling")
    parser.add_argument("--out", type=Path, default=Path("large_pictures"))
    given = parser.parse_args()
    given.steps = given.steps or {"time": 20, "train": 2000}[given.what]
    given.out.mkdir(parents=True, exist_ok=True)
    print(f"`{shlex.join(['python', 'benchmarks/large_pictures.py', *sys.argv[1:]])}`\n")
    {"time": time_steps, "train": train}[given.what](given)


if __name__ == "__main__":
    main()
