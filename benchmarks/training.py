"""Training of one network: milliseconds a step and peak memory, against PyTorch and pythae.

Run:       python benchmarks/training.py
           python benchmarks/training.py --vary batch 32 128 512
           python benchmarks/training.py --vary latent 8 50 200 --networks dense
           python benchmarks/training.py --vary image 28 56 --networks conv
Needs:     pip install -c constraints.txt -e ".[bench,jax]", and a C++ compiler for torch.compile
Prints:    a markdown table a network; benchmarks/training.md keeps them

The networks are those of `catalog.dense_vae` and `catalog.conv_vae`, written again by hand as a
user of PyTorch would (`torch_peers.py`), with as many parameters, which is checked; the same loss,
batch and Adam (PyTorch's fused one). Each way trains in processes of its own, in rounds that
alternate between the ways, on the same binary images in memory: one epoch to warm up, then three
that are timed, of which the fastest counts; the zoo's are epochs of one `fit` on a recipe's road,
examples as uint8 in an order that each epoch draws, and as many steps a program as there. A
ratio is the median over rounds of the ratio within a round. Peak memory is the process's, with all
that it imports, in its largest round.
"""

import argparse
import itertools
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

WAYS = {
    "vae-zoo, TensorFlow": {"KERAS_BACKEND": "tensorflow", "TF_ENABLE_ONEDNN_OPTS": "1"},
    "vae-zoo, JAX": {"KERAS_BACKEND": "jax"},
    "PyTorch eager": {},
    "PyTorch eager, channels last": {},
    "PyTorch compiled": {},
    "pythae": {},
}
NETWORKS = {"dense": "dense_vae", "conv": "conv_vae"}
EPOCHS = 3


def images(count, size):
    """float32 [count, size, size, 1] of zeros and ones, about as many ones as in digits."""
    import numpy as np

    return (np.random.default_rng(0).random((count, size, size, 1)) < 0.13).astype(np.float32)


def of_the_zoo(network, batch, latent, image, steps, compiler="auto"):
    """(parameters, seconds of each epoch), compiled and fitted as recipes do."""
    import keras

    import zoo.datasets
    from zoo import catalog, training
    from zoo.training import callbacks, execution
    from zoo.training.loop import compile_model, fed

    x = (255 * images(batch * steps, image)).astype("uint8")
    data = zoo.datasets.from_arrays(x, x_test=x[:1], name="pictures")
    batches = zoo.datasets.binarize(data, "none").train.training_batches(batch, seed=0)
    model = getattr(catalog, NETWORKS[network])(x.shape[1:], latent=latent)
    settings = training.Settings(epochs=100, compiler=compiler)
    compile_model(model, settings, steps)
    ends = [time.perf_counter()]
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
    )
    options = {"epochs": 1 + EPOCHS, "verbose": 0}
    with fed(model, batches, settings) as at_once:
        executions = execution.Executions(batches, at_once)
        called = [callbacks.EpochOrder(batches), clock]
        called = execution.Callbacks(called, executions, model=model, **options)
        model.fit(executions, shuffle=False, callbacks=called, **options)
    return model.count_params(), [end - begin for begin, end in itertools.pairwise(ends)]


def of_pytorch(way, network, batch, latent, image, steps):
    """(parameters, seconds of each epoch)."""
    import torch
    import torch_peers

    x = torch.from_numpy(images(batch * steps, image)).permute(0, 3, 1, 2).contiguous()
    model = torch_peers.pythae_vae if way == "pythae" else torch_peers.vae
    model = model(network, latent, image)
    if "channels last" in way:
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    loss = torch.compile(model) if "compiled" in way else model
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    seconds = []
    for _ in range(1 + EPOCHS):
        began = time.perf_counter()
        for part in x.split(batch):
            adam.zero_grad()
            loss(part).backward()
            adam.step()
        seconds.append(time.perf_counter() - began)
    return sum(each.numel() for each in model.parameters()), seconds


def one(way, **options):
    """Milliseconds a step, peak MiB and parameters of a way, measured in this process."""
    import paired

    zoos = way.startswith("vae-zoo")
    count, seconds = of_the_zoo(**options) if zoos else of_pytorch(way, **options)
    fastest = 1e3 * min(seconds[1:]) / options["steps"]
    return {"ms": fastest, "peak": paired.peak(), "parameters": count}


def in_a_process(way, options):
    """`one` in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", json.dumps({"way": way, **options})],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | WAYS[way],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{way}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(ways, options, rounds):
    """{way: [what `one` gives, a round]}; refuses networks of unequal size."""
    found = {way: [] for way in ways}
    for round_ in range(rounds):
        turn = round_ % len(ways)
        for way in ways[turn:] + ways[:turn]:
            found[way].append(in_a_process(way, options))
        print(f"{options}: round {round_ + 1} of {rounds}", file=sys.stderr, flush=True)
    sizes = {way: each[0]["parameters"] for way, each in found.items()}
    if len(set(sizes.values())) > 1:
        raise RuntimeError(f"The networks differ in their parameters: {sizes}.")
    return found


def rows(found):
    """Rows of a table: milliseconds, peak memory, and the ratio of each to PyTorch's best."""
    milliseconds = {way: [each["ms"] for each in runs] for way, runs in found.items()}
    peaks = {way: max(each["peak"] for each in runs) for way, runs in found.items()}
    torches = [way for way in found if way.startswith("PyTorch")]
    best = min(torches, key=lambda way: statistics.median(milliseconds[way]))
    least = min(peaks[way] for way in torches)
    for way, values in milliseconds.items():
        ratio = statistics.median(
            mine / theirs for mine, theirs in zip(values, milliseconds[best], strict=True)
        )
        times = f"{statistics.median(values):.1f}", f"{ratio:.2f}"
        yield [way, *times, f"{peaks[way]:,.0f}", f"{peaks[way] / least:.2f}"]


def main():
    """Compares the ways on each network and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--latent", type=int, default=50)
    parser.add_argument("--image", type=int, default=28, help="height and width, a multiple of 4")
    parser.add_argument("--vary", nargs="+", help="batch, latent or image, and its values")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(**json.loads(given.one))))
        return
    import paired

    fixed = {name: getattr(given, name) for name in ("batch", "latent", "image", "steps")}
    varied, *values = given.vary or ["batch", given.batch]
    if varied not in ("batch", "latent", "image") or not values:
        parser.error("--vary takes batch, latent or image, and the values it has: image 28 56")
    print(f"`{shlex.join(['python', 'benchmarks/training.py', *sys.argv[1:]])}`\n")
    print(f"{paired.machine('tensorflow', 'jax', 'keras', 'torch', 'pythae')}")
    print(f"Medians of {given.rounds} rounds.")
    for network in given.networks:
        for value in map(int, values):
            options = {**fixed, varied: value, "network": network}
            found = compare(list(WAYS), options, given.rounds)
            said = ", ".join(f"{name} {options[name]}" for name in ("batch", "latent", "image"))
            count = next(iter(found.values()))[0]["parameters"]
            head = [f"{network}, {said}", "ms a step", "ratio", "peak MiB", "ratio"]
            print(f"\n{count:,} parameters\n\n{paired.table(head, rows(found))}", flush=True)


if __name__ == "__main__":
    main()
