"""A recurrent and a convolutional decoder of strings: a training step, their graphs, their nats.

Run:       python benchmarks/string_decoders.py
           python benchmarks/string_decoders.py --dataset moses --epochs 10
Needs:     pip install -c constraints.txt -e ".[train]"
Prints:    two markdown tables; with `--dataset` a third

`catalog.molecule_vae` with both decoders, of about as many weights, the same encoder and a standard
normal prior. A training step of random strings, `--batch` of them, all as long as they may be, is
timed in turns (`paired.py`), on the Keras backend that KERAS_BACKEND names; and so are `generate`,
`score` and `decode_step` of the untrained models' graphs in ONNX Runtime, one thread an operator,
which are made on TensorFlow alone.

With `--dataset` (see `zoo train molecule_vae`) both are trained by `zoo.training.fit`, from the
same seed, for `--epochs`; then the one that took less time for as many epochs besides as fit into
the time of the other. The validation ELBO is that of the best epoch, the KL is of that epoch too. A
run that was interrupted goes on where it was, `--out` keeps them.
"""

import argparse
import collections
import functools
import os
import shlex
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
import onnxruntime
import paired

import zoo
from zoo.export import onnx as exporter
from zoo.likelihoods import Tokens
from zoo.training import loop

DECODERS = ("recurrent", "convolutional")
ENDPOINTS = ("generate", "score", "decode_step")


def build(decoder, steps, likelihood, given):
    """The model, from the seed."""
    zoo.training.seed_everything(given.seed)
    sizes = {"recurrent": {"units": given.units}, "convolutional": {"width": given.width}}
    options = {"prior": "standard", "likelihood": likelihood, "decoder": decoder}
    return zoo.catalog.molecule_vae((steps,), **options, **sizes[decoder])


def strings(count, steps, tokens, seed):
    """Random rows of tokens that end at their last step: float32 [count, steps]."""
    drawn = np.random.default_rng(seed).integers(0, tokens - 1, (count, steps))
    drawn[:, -1] = tokens - 1
    return drawn.astype(np.float32)


def step_rows(models, given):
    """A row a decoder: its weights, all of the model's, milliseconds of a step."""
    x, ways = strings(given.batch, given.steps, given.tokens, given.seed), {}
    for name, model in models.items():
        loop.compile_model(model, zoo.training.Settings(epochs=1, batch_size=given.batch), 1)
        ways[name] = functools.partial(model.train_on_batch, x)
    timings = paired.measure(ways, given.rounds, seconds=1.0)
    for name, model in models.items():
        weights = f"{model.decoder.count_params():,}", f"{model.count_params():,}"
        yield [name, *weights, timings[name].against(timings[DECODERS[0]], 1)]


def graph_rows(models, given):
    """A row an endpoint, decoder and batch: operators, milliseconds of a call."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        sessions = {}
        for name, model in models.items():
            stage = Path(folder) / name
            stage.mkdir()
            contract = {each: model.endpoints()[each] for each in ENDPOINTS}
            exporter.write(model, contract, stage)
            for endpoint in ENDPOINTS:
                path = stage / "onnx" / f"{endpoint}.onnx"
                session = onnxruntime.InferenceSession(str(path), options)
                sessions[endpoint, name] = session, operators(path)
        for endpoint in ENDPOINTS:
            for batch in given.batches:
                ways = {}
                for name in models:
                    session, _ = sessions[endpoint, name]
                    feeds = asked(session, batch, given)
                    ways[name] = functools.partial(session.run, None, feeds)
                timings = paired.measure(ways, given.rounds)
                for name in models:
                    against = timings[name].against(timings[DECODERS[0]], 2)
                    yield [endpoint, name, sessions[endpoint, name][1], str(batch), against]


def operators(path):
    """How many operators a graph holds, those within loops included, and its recurrent ones."""
    waiting, found = [onnx.load(path).graph], collections.Counter()
    while waiting:
        for node in waiting.pop().node:
            found[node.op_type] += 1
            waiting += [each.g for each in node.attribute if each.HasField("g")]
    kinds = [f", {found[kind]} {kind}" for kind in ("GRU", "LSTM", "Loop") if found[kind]]
    return f"{found.total()}{''.join(kinds)}"


def asked(session, batch, given):
    """What a graph is fed: strings, seeds, and steps in the midst of strings."""
    random, feeds = np.random.default_rng(given.seed), {}
    for each in session.get_inputs():
        shape = (batch, *each.shape[1:])
        if each.name == "tokens":
            feeds["tokens"] = strings(batch, given.steps, given.tokens, 1).astype(np.int32)
        elif each.type == "tensor(float)":
            feeds[each.name] = random.standard_normal(shape).astype(np.float32)
        else:
            kind = np.int64 if each.type == "tensor(int64)" else np.int32
            feeds[each.name] = random.integers(0, given.tokens, shape).astype(kind)
    return feeds


def nats_rows(given):
    """A row a training: epochs, seconds, validation ELBO and KL."""
    data = zoo.datasets.binarize(zoo.datasets.load(given.dataset), "none", given.seed)
    likelihood = zoo.likelihoods.of_schema("tokens", data.schema)
    seconds = {}
    for decoder in DECODERS:
        seconds[decoder], row = trained(decoder, given.epochs, data, likelihood, given)
        yield row
    fast, slow = sorted(DECODERS, key=seconds.get)
    longer = round(given.epochs * seconds[slow] / seconds[fast])
    if longer > given.epochs:
        yield trained(fast, longer, data, likelihood, given)[1]


def trained(decoder, epochs, data, likelihood, given):
    """(seconds, row) of one training."""
    model = build(decoder, data.event_shape[0], likelihood, given)
    settings = zoo.training.Settings(
        epochs=epochs, batch_size=given.batch, patience=0, seed=given.seed
    )
    folder = given.out / f"{Path(given.dataset).name}-{decoder}-{epochs}"
    run = zoo.training.fit(model, data, settings, folder, resume=True)
    best = max(run.history, key=lambda row: row["val_elbo"])
    nats = [f"{best[name]:.2f}" for name in ("val_elbo", "val_kl")]
    row = [decoder, str(epochs), f"{run.seconds:.0f}", *nats]
    print(*row, file=sys.stderr)
    return run.seconds, row


def main():
    """Reads the command line, measures, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=38)
    parser.add_argument("--tokens", type=int, default=26)
    parser.add_argument("--units", type=int, default=256, help="of the recurrent decoder")
    parser.add_argument("--width", type=int, default=80, help="of the convolutional decoder")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64], help="in ONNX Runtime")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dataset", help="strings to train on")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("string_decoders"))
    given = parser.parse_args()
    models = {name: build(name, given.steps, Tokens(given.tokens), given) for name in DECODERS}
    steps = list(step_rows(models, given))
    print(f"`{shlex.join(['python', 'benchmarks/string_decoders.py', *sys.argv[1:]])}`\n")
    print(f"{paired.machine('tensorflow', 'keras', 'onnxruntime')} Seed {given.seed}.\n")
    print(paired.table(["decoder", "its weights", "the model's", "ms a step (ratio)"], steps))
    if keras.backend.backend() == "tensorflow":
        head = ["endpoint", "decoder", "operators", "batch", "ms (ratio)"]
        print(f"\n{paired.table(head, list(graph_rows(models, given)))}")
    else:
        print(f"\nNo graphs are made under {keras.backend.backend()}: run it on TensorFlow.")
    if given.dataset:
        given.out.mkdir(parents=True, exist_ok=True)
        head = ["decoder", "epochs", "seconds", "validation ELBO", "KL"]
        print(f"\n{paired.table(head, list(nats_rows(given)))}")


if __name__ == "__main__":
    main()
