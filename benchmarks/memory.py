"""Resident memory and time of an artifact: loaded, and every endpoint called once.

Run:       python benchmarks/memory.py exports/dense_vae-mnist
Prints:    a markdown table; docs/artifact.md keeps it

Each round is a process of its own, on files that the system has in its cache. What is counted are
the process's resident MiB (VmRSS, Linux only) and its own clock; medians over rounds. The last row
is less what Python, numpy and onnxruntime take by being imported.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys

import paired

CODE = """
import json, sys, time
import numpy as np, onnxruntime

def resident():
    (line,) = (each for each in open("/proc/self/status") if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024

marks = [("libraries", resident(), time.perf_counter())]
def mark(name):
    marks.append((name, resident(), time.perf_counter()))
import zoo
zoo.load
mark("import zoo")
vae = zoo.load(sys.argv[1])
mark("load")
for name, endpoint in vae.endpoints.items():
    given = {}
    for tensor in endpoint.inputs:
        shape = [1, *tensor.shape[1:]]
        value = 0.5 if tensor.dtype == "float32" else 0
        given[tensor.name] = np.full(shape, value, tensor.dtype)
    getattr(vae, name)(**given)
    mark(name)
print(json.dumps(marks))
"""


def main():
    """Takes the rounds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    found = []
    for _ in range(given.rounds + 1):  # the first one reads the files into the cache
        done = subprocess.run(
            [sys.executable, "-c", CODE, given.artifact],
            env=os.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    rounds, rows = found[1:], []
    for index, (name, _, _) in enumerate(rounds[0]):
        memory = statistics.median(each[index][1] for each in rounds)
        since = statistics.median(each[index][2] - each[1][2] for each in rounds)
        rows.append([name, f"{memory:.1f}", f"{1e3 * since:.1f}" if index > 1 else "-"])
    grown = statistics.median(each[-1][1] - each[0][1] for each in rounds)
    rows.append(["all of it, less the libraries", f"{grown:.1f}", rows[-1][2]])
    print(f"`{shlex.join(['python', 'benchmarks/memory.py', *sys.argv[1:]])}`\n")
    print(f"{paired.machine('onnxruntime', 'numpy')} Medians of {given.rounds} rounds.\n")
    print(paired.table(["after", "resident MiB", "ms since `import zoo`"], rows))


if __name__ == "__main__":
    main()
