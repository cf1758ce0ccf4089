"""Residual blocks with GroupNormalization and without: nats after as many steps, and their cost.

Run:       python benchmarks/normalization.py --dataset mnist
           python benchmarks/normalization.py --dataset photographs --models hierarchical_vae
Needs:     pip install -c constraints.txt -e ".[train]"
Prints:    two markdown tables

Two networks, `catalog.residual_vae` with two blocks after each change of size and
`catalog.hierarchical_vae`, each with the blocks of `zoo.networks.residual` and with blocks that
normalize before each activation besides, in groups of channels (Wu & He 2018), with the same
weights at the beginning. A step of both is timed in turns (`paired.py`). Then each is trained by
`zoo.training.fit` for `--epochs` at every learning rate of `--learning-rates`, from the same seed,
on the first `--images` of the training data, and the one without for as many epochs besides as fit
into the time of the other. `photographs` are 64x64 crops of the two that scikit-learn ships, in
colour, 8-bit.

The validation ELBO is that of the best epoch. A run that was interrupted goes on where it was,
`--out` keeps them.
"""

import argparse
import dataclasses
import functools
import math
import shlex
import sys
from pathlib import Path
from unittest import mock

import keras
import paired
from keras import layers

import zoo
from zoo.networks import residual
from zoo.training import loop

GROUPS = 8
BLOCKS = {"residual_vae": {"blocks": 2}, "hierarchical_vae": {}}
WITHOUT, WITH = "none", "GroupNormalization"


def normalized(h, name, activation="silu", blocks=1):
    """`zoo.networks.residual.block` with a normalization before each activation."""
    channels, rest = h.shape[-1], h
    starts = ("glorot_uniform", keras.initializers.VarianceScaling(0.01 / blocks))
    for i, initializer in enumerate(starts):
        groups = math.gcd(GROUPS, channels)
        rest = layers.GroupNormalization(groups, name=f"{name}_norm_{i}")(rest)
        rest = layers.Activation(activation, name=f"{name}_act_{i}")(rest)
        rest = layers.Conv2D(
            channels,
            residual.KERNEL,
            padding="same",
            kernel_initializer=initializer,
            name=f"{name}_conv_{i}",
        )(rest)
    return layers.Add(name=f"{name}_add")([h, rest])


def pictures(given):
    """The data, binarized as its recipe would, the first `--images` of it."""
    if given.dataset == "photographs":
        import picture_networks

        crops = picture_networks.Network("hierarchical", 64).pictures(given.images)
        loaded = zoo.datasets.from_arrays(crops, name="crops64")
        return zoo.datasets.binarize(loaded, "none", given.seed)
    loaded = zoo.datasets.load(given.dataset)
    loaded = dataclasses.replace(loaded, train=loaded.train.take(given.images))
    return zoo.datasets.binarize(loaded, "dynamic", given.seed)


def train(name, normalization, rate, epochs, data, given):
    """The validation ELBO of the best epoch, nats."""
    model = build(name, normalization, data, given)
    settings = zoo.training.Settings(
        epochs=epochs, batch_size=given.batch, learning_rate=rate, patience=0, seed=given.seed
    )
    folder = given.out / f"{name}-{given.dataset}-{normalization}-{rate:g}-{epochs}"
    run = zoo.training.fit(model, data, settings, folder, resume=True)
    return max(row["val_elbo"] for row in run.history)


def build(name, normalization, data, given):
    """The model, of the blocks that are named."""
    zoo.training.seed_everything(given.seed)
    options = dict(BLOCKS[name])
    if not data.schema.ink:
        options["likelihood"] = "discretized_logistic"
    block = normalized if normalization == WITH else residual.block
    with mock.patch.object(residual, "block", block):
        return zoo.catalog.build(name, data.event_shape, **options)


def timed(name, data, given):
    """The two `paired.Timing` of a step on the first batch, and the parameters of both."""
    settings = zoo.training.Settings(epochs=1, batch_size=given.batch)
    (x,) = data.train.training_batches(given.batch, given.seed)[0]
    ways, parameters = {}, {}
    for normalization in (WITHOUT, WITH):
        model = build(name, normalization, data, given)
        loop.compile_model(model, settings, 1)
        parameters[normalization] = model.count_params()
        ways[normalization] = functools.partial(model.train_on_batch, x)
    return paired.measure(ways, given.rounds, seconds=1.0), parameters


def main():
    """Reads the command line, trains, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--models", nargs="+", choices=tuple(BLOCKS), default=list(BLOCKS))
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[0.001, 0.003])
    parser.add_argument("--rounds", type=int, default=5, help="of the steps that are timed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("normalization"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    data = pictures(given)
    rows, steps = [], []
    for name in given.models:
        timings, parameters = timed(name, data, given)
        for normalization, timing in timings.items():
            against = timing.against(timings[WITHOUT], 1)
            steps.append([name, normalization, f"{parameters[normalization]:,}", against])
            print(*steps[-1], file=sys.stderr)
        longer = round(given.epochs * timings[WITH].over(timings[WITHOUT]))
        for rate in given.learning_rates:
            for normalization, epochs in (
                (WITHOUT, given.epochs),
                (WITH, given.epochs),
                (WITHOUT, longer),
            ):
                elbo = train(name, normalization, rate, epochs, data, given)
                rows.append([name, normalization, f"{rate:g}", str(epochs), f"{elbo:.2f}"])
                print(*rows[-1], file=sys.stderr)
    print(f"`{shlex.join(['python', 'benchmarks/normalization.py', *sys.argv[1:]])}`\n")
    print(f"{paired.machine('tensorflow', 'keras')} Seed {given.seed}.\n")
    print(paired.table(["model", "normalization", "parameters", "ms a step (ratio)"], steps))
    print()
    head = ["model", "normalization", "learning rate", "epochs", "validation ELBO"]
    print(paired.table(head, rows))


if __name__ == "__main__":
    main()
