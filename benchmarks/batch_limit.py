"""Time and memory of a large batch by `batch_limit` of `zoo.load`.

Run:       python benchmarks/batch_limit.py exports/conv_vae-mnist
Cost:      a few minutes on 2 CPU cores
Prints:    a markdown table; the default of `batch_limit` rests on it

The limits take turns within each round, so that whatever else the machine does meets all of them;
reported is the best of the rounds. Memory is the most that a process of its own held which calls
once.
"""

import argparse
import subprocess
import sys
import time

import numpy as np
import paired

import zoo
from zoo.runtime import test_data

LIMITS = (32, 128, 256, 512)  # and the whole batch


def main():
    options = _options()
    if options.memory:
        print(_peak(options, None if options.memory == "None" else int(options.memory)))
        return
    print("| endpoint | rows at a time | examples a second | peak MiB |\n|---|---|---|---|")
    for endpoint in options.endpoint:
        calls = {limit: _call(options.artifact, endpoint, limit) for limit in (*LIMITS, None)}
        given = _rows(options.artifact, endpoint, options.batch)
        seconds = {limit: [] for limit in calls}
        for _ in range(options.rounds + 1):  # the first warms up
            for limit, call in calls.items():
                began = time.perf_counter()
                call(**given)
                seconds[limit].append(time.perf_counter() - began)
        for limit, times in seconds.items():
            own = [sys.executable, __file__, options.artifact, "--memory", str(limit)]
            own += ["--endpoint", endpoint, "--batch", str(options.batch)]
            peak = subprocess.run(own, capture_output=True, text=True, check=True).stdout.strip()
            rate = options.batch / min(times[1:])
            print(f"| `{endpoint}` | {limit or options.batch} | {rate:,.0f} | {peak} |", flush=True)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact")
    parser.add_argument("--endpoint", nargs="+", default=["decode", "score"])
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    return parser.parse_args()


def _call(artifact, endpoint, limit):
    return getattr(zoo.load(artifact, batch_limit=limit), endpoint)


def _rows(artifact, endpoint, batch):
    """The artifact's test data, repeated to fill the batch."""
    vae = zoo.load(artifact)
    given, _ = test_data.read(vae.reader, vae.endpoints[endpoint])
    return {k: np.resize(v, (batch, *v.shape[1:])) for k, v in given.items()}


def _peak(options, limit):
    """MiB that this process came to hold after one call."""
    (endpoint,) = options.endpoint
    given = _rows(options.artifact, endpoint, options.batch)
    _call(options.artifact, endpoint, limit)(**given)
    return round(paired.peak())


if __name__ == "__main__":
    main()
