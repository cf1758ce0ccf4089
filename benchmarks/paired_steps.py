"""A training step of one network, the zoo's way and PyTorch's, in rounds that alternate."""

import os
import statistics
import time
from pathlib import Path

import turns

ROOT = Path(__file__).parents[1]
GRACE = 60.0  # seconds that a worker is waited for after its time
MODES = {
    "eager": "eager",
    "default": "compiled",
    "reduce-overhead": "compiled, CUDA graphs",
}
"""Modes of `torch.compile`, in words; `eager` is none."""

HEAD = ["network", "batch", "parameters", "way", "ms a step", "ratio", "busy", "peak MiB"]
HEAD += ["device MiB"]


def environment(device, way="jax"):
    """{name: value} of workers: Keras on JAX unless the way is another backend.

    JAX is on that device, and takes no more of its memory than it uses.
    """
    backend = "tensorflow" if way == "tensorflow" else "jax"
    platform = {"JAX_PLATFORMS": "cuda" if device == "cuda" else "cpu"}
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    quiet = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    quiet |= {"TF_ENABLE_ONEDNN_OPTS": "1"}  # as recipes do
    return {"KERAS_BACKEND": backend, "PYTHONPATH": paths, **platform, **quiet}


def measure(ways, sizes, device, rounds, seconds, log):
    """{"ms": {way: [a round]}, "facts": {way}, "busy": {way}} of ways to train.

    Ways are "jax" and "tensorflow", which are the zoo's, and modes of PyTorch; beside "jax" there
    is "jax step", the compiled step alone. All ways begin at once and compile beside each
    other; then one works at a time. There are as many rounds as fit into the seconds, one at least.

    Raises:
        RuntimeError: if the networks differ in their parameters.
    """
    end, workers = time.monotonic() + seconds, {}
    try:
        for way in ways:
            options = {"way": way, "device": device, **sizes}
            script = str(Path(__file__).with_name("step_worker.py"))
            workers[way] = turns.Worker(script, options, environment(device, way), log)
            workers[way].send(do="fit")  # compiles
        first = {way: each.answer(end - time.monotonic())["ms"] for way, each in workers.items()}
        turns_of = [(way, "fit") for way in ways] + [("jax", "step")] * ("jax" in ways)
        found, longest = {}, 0.0
        for round_ in range(rounds):
            if round_ and time.monotonic() + 2.0 * longest > end:
                break
            began, turn = time.monotonic(), round_ % len(turns_of)
            for way, do in turns_of[turn:] + turns_of[:turn]:
                ms = workers[way].ask(end - time.monotonic() + GRACE, do=do)["ms"]
                found.setdefault(way if do == "fit" else f"{way} {do}", []).append(ms)
            longest = max(longest, time.monotonic() - began)
        facts = {way: each.ask(GRACE, do="facts") for way, each in workers.items()}
        busy = {way: each.ask(GRACE, do="busy") for way, each in workers.items()}
    finally:
        for each in workers.values():
            each.close()
    counts = {way: each["parameters"] for way, each in facts.items()}
    if len(set(counts.values())) > 1:
        raise RuntimeError(f"The networks differ in their parameters: {counts}.")
    return {"sizes": sizes, "ms": found, "facts": facts, "busy": busy, "first": first}


def rows(name, entry):
    """Of `HEAD`, one a way, of what `measure` gave of a network of that name."""
    best = best_of_torch(entry["ms"])
    for way, times in entry["ms"].items():
        process, _, part = way.partition(" ")
        facts, busy = entry["facts"][process], entry["busy"][process]
        share = f"{busy['share']:.0%}" if busy["share"] else "not measured"
        device = f"{facts['device']:,.0f}" if facts["device"] else "-"
        yield [
            name,
            str(entry["sizes"]["batch"]),
            f"{facts['parameters']:,}",
            shown(way),
            f"{statistics.median(times):.2f}",
            f"{ratio(times, entry['ms'][best]):.2f}",
            *(["-"] * 3 if part else [share, f"{facts['peak']:,.0f}", device]),
        ]


def best_of_torch(milliseconds):
    """The mode of PyTorch whose median is least."""
    modes = [way for way in milliseconds if way in MODES]
    return min(modes, key=lambda way: statistics.median(milliseconds[way]))


def ratio(mine, theirs):
    """The median over rounds of the ratio in a round."""
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def shown(way):
    """A way in words."""
    if way in MODES:
        return f"PyTorch, {MODES[way]}"
    backend = "TensorFlow" if way == "tensorflow" else "JAX"
    return f"vae-zoo on {backend}, {'the step alone' if way.endswith(' step') else 'fit'}"
