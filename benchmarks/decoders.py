"""Four ways to grow an image in a decoder: nats, latency in ONNX Runtime, cost of a training step.

Run:       python benchmarks/decoders.py --dataset mnist --epochs 6
Cost:      with the embedded digits, the default, about two minutes; MNIST, see decoders.md
Prints:    a markdown table and the protocol; progress goes to standard error

Encoder, dense layers, filters, seed, order and binarization of the data are the same for all. What
is trained and evaluated is kept under --out, a variant as it comes, and not repeated; a training
run that was interrupted goes on. The timings are made anew at every call: rounds alternate between the
variants, in ONNX Runtime through `decode` as the real export writes it.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
import onnxruntime
import paired
from keras import layers

import zoo
from zoo.evaluation import nats
from zoo.export import contract
from zoo.export import onnx as graphs
from zoo.networks import conv

FILTERS, DENSE, LATENT = (16, 32), 512, 32  # of `catalog.conv_vae`
BATCHES = (1, 32, 256)


def transposed(h, size, name):
    """A transposed convolution of stride 2."""
    return layers.Conv2DTranspose(size, conv.KERNEL, conv.STRIDE, padding="same", name=name)(h)


def resized(h, size, name):
    """Each pixel repeated to 2x2, then a convolution (Odena et al. 2016)."""
    h = layers.UpSampling2D(conv.STRIDE, interpolation="nearest", name=f"{name}_repeat")(h)
    return layers.Conv2D(size, conv.KERNEL, padding="same", name=name)(h)


def sub_pixel(h, size, name):
    """A convolution to four times the channels, rearranged to 2x2 pixels (Shi et al. 2016)."""
    h = layers.Conv2D(size * conv.STRIDE**2, conv.KERNEL, padding="same", name=name)(h)
    _, height, width, _ = h.shape
    h = layers.Reshape((height, width, conv.STRIDE, conv.STRIDE, size), name=f"{name}_split")(h)
    h = layers.Permute((1, 3, 2, 4, 5), name=f"{name}_interleave")(h)
    shape = (height * conv.STRIDE, width * conv.STRIDE, size)
    return layers.Reshape(shape, name=f"{name}_merge")(h)


# name -> (how the hidden layers grow, how the output grows)
VARIANTS = {
    "transposed": (transposed, transposed),
    "resize + convolution": (resized, resized),
    "sub-pixel": (sub_pixel, sub_pixel),
    "transposed, output sub-pixel": (transposed, sub_pixel),
}


def decoder(event_shape, hidden, output):
    """[batch, latent] -> logits [batch, *event]; as `conv.decoder` but for what grows the image."""
    height, width, channels = event_shape
    factor = conv.STRIDE ** len(FILTERS)
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    z = keras.Input((LATENT,), name="z")
    h = layers.Dense(DENSE, activation="silu", name="dense")(z)
    h = layers.Dense(rows * columns * FILTERS[-1], activation="silu", name="expand")(h)
    h = layers.Reshape((rows, columns, FILTERS[-1]), name="grid")(h)
    for i, size in enumerate(FILTERS[-2::-1]):
        h = layers.Activation("silu", name=f"silu_{i}")(hidden(h, size, f"grow_{i}"))
    h = output(h, channels, "output")
    surplus = ((0, rows * factor - height), (0, columns * factor - width))
    if surplus != ((0, 0), (0, 0)):
        h = layers.Cropping2D(surplus, name="crop")(h)
    return keras.Model(z, h, name="decoder")


def build(name, event_shape, seed):
    """The convolutional VAE with one variant's decoder."""
    zoo.training.seed_everything(seed)
    encoder = conv.encoder(event_shape, LATENT, FILTERS, DENSE)
    return zoo.vae.VAE(
        encoder,
        decoder(event_shape, *VARIANTS[name]),
        zoo.priors.StandardNormal(),
        zoo.likelihoods.get("bernoulli"),
        seed=seed,
    )


def evaluate(name, given, seed):
    """Trains one variant and evaluates it: {"elbo", "reconstruction", "kl", "nll"}, nats."""
    loaded = zoo.datasets.load(given.dataset)
    model = build(name, loaded.event_shape, seed)
    few = dataclasses.replace(loaded, test=loaded.test.take(given.examples))
    data = zoo.datasets.observe(few, "dynamic", 0)
    settings = zoo.training.Settings(epochs=given.epochs, patience=0, seed=seed)
    folder = given.out / f"{name.replace(' ', '_').replace(',', '')}-{given.epochs}-{seed}"
    zoo.training.fit(model, data, settings, folder, resume=True)
    found = dict(nats.elbo(model, data.test, seed=0))
    found["nll"] = -np.mean(nats.log_likelihood(model, data.test, 0, given.samples))
    zoo.training.clear(folder)
    return {key: float(value) for key, value in found.items()} | {"n": len(data.test)}


def all_nats(given):
    """{(variant, seed): nats}; what another call of this script did is read, not repeated."""
    path = given.out / "nats.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    wanted = {}
    for seed in given.seeds:
        for name in VARIANTS:
            key = f"{name}|epochs {given.epochs}|seed {seed}|K {given.samples}|n {given.examples}"
            if key not in kept:
                kept[key] = evaluate(name, given, seed)
                path.write_text(json.dumps(kept, indent=1) + "\n")
                print(f"{key}: {kept[key]}", file=sys.stderr, flush=True)
            wanted[name, seed] = kept[key]
    return wanted


def exported(name, event_shape, folder):
    """The path of decode.onnx, as the real export writes it; weights drawn, biases too."""
    model = build(name, event_shape, 0)
    random_weights(model)
    endpoints = contract.of(model)
    target = Path(folder) / str(list(VARIANTS).index(name))
    graphs.write(model, {"decode": endpoints["decode"]}, target)
    return target / "decode.onnx"


def random_weights(model, seed=0):
    """Draws every bias: a converter leaves out a bias that is zero, which a trained one is not."""
    drawn = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if weight.path.endswith("/bias"):
            weight.assign(0.1 * drawn.standard_normal(weight.shape).astype(np.float32))


def latencies(paths, given):
    """{batch: {variant: Timing}} of decode in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = given.threads
    sessions = {
        name: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for name, path in paths.items()
    }
    found = {}
    for batch in BATCHES:
        z = np.random.default_rng(0).standard_normal((batch, LATENT)).astype(np.float32)
        ways = {name: lambda s=s, z=z: s.run(None, {"z": z}) for name, s in sessions.items()}
        found[batch] = paired.measure(ways, given.rounds)
    return found


def training_steps(event_shape, given, batch=128):
    """{variant: Timing} of `train_on_batch`, graph-compiled."""
    x = np.random.default_rng(0).integers(0, 2, size=(batch, *event_shape)).astype(np.float32)
    ways = {}
    for name in VARIANTS:
        model = build(name, event_shape, 0)
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
        ways[name] = lambda model=model: model.train_on_batch(x, x)
    return paired.measure(ways, steps_rounds(given))


def steps_rounds(given):
    """Rounds of training steps: a third of the others, for they take long."""
    return max(3, given.rounds // 3)


def row(name, path, measured, event_shape, seeds):
    """One line of the table."""
    nats_found, latency, steps = measured
    mean = {
        key: statistics.mean(nats_found[name, seed][key] for seed in seeds)
        for key in ("elbo", "nll")
    }
    each = ", ".join(f"{nats_found[name, seed]['nll']:.2f}" for seed in seeds)
    base = list(VARIANTS)[-1]
    return [
        name,
        f"{build(name, event_shape, 0).decoder.count_params():,}",
        str(len(onnx.load(path).graph.node)),
        *(
            f"{latency[batch][name].median:.3f} ({latency[batch][name].over(latency[batch][base]):.2f})"
            for batch in BATCHES
        ),
        f"{steps[name].median:.1f} ({steps[name].over(steps[base]):.2f})",
        f"{mean['elbo']:.2f}",
        f"{mean['nll']:.2f}" + (f" ({each})" if len(seeds) > 1 else ""),
    ]


def main():
    """Trains what is not yet trained, times everything, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--samples", type=int, default=100, help="K of the importance sampling")
    parser.add_argument("--examples", type=int, default=2000, help="n: the first test images")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="default: exports/decoders-<dataset>.run")
    parser.add_argument("--nats-only", action="store_true", help="train and evaluate; time nothing")
    given = parser.parse_args()
    given.out = given.out or Path("exports") / f"decoders-{zoo.datasets.load(given.dataset).name}.run"
    given.out.mkdir(parents=True, exist_ok=True)
    event_shape = zoo.datasets.load(given.dataset).event_shape
    found = all_nats(given)
    if given.nats_only:
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: exported(name, event_shape, folder) for name in VARIANTS}
        measured = found, latencies(paths, given), training_steps(event_shape, given)
        rows = [row(name, path, measured, event_shape, given.seeds) for name, path in paths.items()]
    head = ["decoder", "parameters", "nodes", *(f"ms, batch {batch}" for batch in BATCHES)]
    print(paired.table([*head, "ms a step", "ELBO", "NLL"], rows))
    print(protocol(given, found, event_shape))


def protocol(given, found, event_shape):
    """What the table's figures are of."""
    n = next(iter(found.values()))["n"]
    return (
        f"\n{given.dataset}, {list(event_shape)}; {given.epochs} epochs, batch 128, seeds "
        f"{', '.join(map(str, given.seeds))}; NLL: K={given.samples}, n={n:,} test images (the "
        "first ones), dynamic binarization drawn once with seed 0, noise of seed 0; nats. "
        f"Latency: ONNX Runtime, {given.threads} threads, `decode`; a training step at batch "
        f"128 as a TensorFlow graph; both the fastest call of a round, median of {given.rounds} "
        f"and {steps_rounds(given)} rounds; in brackets, the ratio to the last line, within rounds.\n"
        + paired.machine("onnxruntime", "tensorflow", "keras", "tf2onnx")
    )


if __name__ == "__main__":
    main()
