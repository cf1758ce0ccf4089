r"""Everything that is to be measured on a machine with a GPU, in one command that can be resumed.

Run:       python benchmarks/gpu.py --results gpu.json
           python benchmarks/gpu.py --results gpu.json --parts step --networks dense-28 conv-64
           python benchmarks/gpu.py --parts train --data mnist.npz --seconds 200 \
               --train "hierarchical_vae --dataset {data} --epochs 400"
           python benchmarks/gpu.py --device cpu --quick      (all of it, tiny, without a GPU)
Needs:     jax with CUDA, keras, torch, onnxruntime-gpu for the parts verify and inference
Prints:    markdown tables of all that the results hold; benchmarks/gpu.md keeps them

Parts: `verify` replays every artifact's test data on CUDA, in float32 and in float16 where the
artifact has it; `step` is a training step, ours on JAX against PyTorch compiled on the same network
(`step_worker.py`; that they are the same is tested), with the share of the time for which the
device computes; `inference` is the endpoints of an artifact in ONNX Runtime, JAX and PyTorch
(`inference_worker.py`); `train` runs recipes. A part consists of entries, an artifact or a network
each, which take `--seconds` at most; each is kept as soon as it is there, and the same command goes
on with what is missing or failed. A recipe that is not done in its seconds goes on, too.

A machine that has JAX and PyTorch, but neither Keras nor a network, is set up by wheels:
           pip download --no-deps --only-binary :all: --python-version 3.12 -d wheels \
               keras namex optree tyro docstring-parser typeguard
           pip install --no-deps --no-index --target site wheels/*.whl
           export PYTHONPATH=$PWD/site
"""

import argparse
import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
import time
import traceback
from pathlib import Path

import gpu_parts
import gpu_tables
import paired
import paired_steps

LIBRARIES = ("jax", "keras", "torch", "onnxruntime", "onnxruntime-gpu")


def machine(device):
    """One line: the device, the processor and versions."""
    installed = {each.name.lower() for each in importlib.metadata.distributions()}
    line = paired.machine(*(name for name in LIBRARIES if name in installed))
    if device == "cpu":
        return line
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    said = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return f"{said.strip().splitlines()[0]}; {line}"


def open_results(given):
    """{"about", "entries"}: those that are kept, or new ones.

    Raises:
        SystemExit: if those that are kept were measured otherwise.
    """
    sizes = {name: getattr(given, name) for name in ("device", "quick", "batch", "steps")}
    if not given.results.exists():
        return {"about": sizes, "machine": machine(given.device), "entries": {}}
    kept = json.loads(given.results.read_text())
    if kept["about"] != sizes:
        raise SystemExit(
            f"error: {given.results} was measured with {kept['about']}, asked is {sizes}. Give "
            "another --results."
        )
    return kept


def keep(results, path):
    """Writes the results whole."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(results, indent=1))
    os.replace(beside, path)


def measure(given, results):
    """Makes every entry that is missing, and keeps each."""
    for part in given.parts:
        for key, make in gpu_parts.PARTS[part](given):
            entry = results["entries"].get(key, {"failed": ""})
            if "failed" not in entry:
                continue
            print(f"{key} ...", file=sys.stderr, flush=True)
            began = time.monotonic()
            try:
                entry = make()
            except gpu_parts.Unfinished as error:
                entry = error.so_far | {"failed": f"not done yet: {error}"}
            except Exception as error:  # the other entries do not depend on it
                traceback.print_exc()
                entry = {"failed": f"{type(error).__name__}: {error}"}
            print(f"{key}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            results["entries"][key] = entry
            keep(results, given.results)


def network(text):
    """ "conv-64" as ("conv", 64)."""
    name, _, image = text.partition("-")
    return name, int(image)


def artifacts():
    """Folders of the committed artifacts."""
    return sorted(
        str(path.parent) for path in (paired_steps.ROOT / "exports").glob("*/manifest.json")
    )


def arguments():
    """The command line; `--quick` makes everything small that was not given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=gpu_parts.PARTS, default=[*gpu_parts.PARTS])
    parser.add_argument("--results", type=Path, default=Path("gpu.json"), help="added to")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny, to see that all of it runs")
    parser.add_argument("--seconds", type=float, default=240.0, help="of an entry, at most")
    parser.add_argument("--rounds", type=int, help="default: 5")
    parser.add_argument("--batch", type=int, help="of a training step; default: 128")
    parser.add_argument("--steps", type=int, help="of an epoch; default: 400")
    parser.add_argument("--batches", type=int, nargs="+", help="of inference; default: 1 32 256")
    parser.add_argument("--networks", type=network, nargs="+", metavar="NAME-SIDE")
    parser.add_argument("--artifacts", nargs="+", metavar="FOLDER", help="default: exports/*")
    parser.add_argument("--data", type=Path, help="what {data} stands for in --train")
    parser.add_argument("--train", action="append", default=[], metavar='"RECIPE OPTIONS"')
    given = parser.parse_args()
    usual = {"rounds": 5, "batch": 128, "steps": 400, "batches": [1, 32, 256], "pause": 0.25}
    usual |= {"networks": gpu_parts.STEPS_OF, "artifacts": artifacts()}
    if given.quick:
        usual |= {"rounds": 1, "batch": 8, "steps": 2, "batches": [1], "pause": 0.0}
        usual |= {"networks": (("dense", 28), ("conv", 64)), "artifacts": usual["artifacts"][:1]}
    for name, value in usual.items():
        if getattr(given, name, None) is None:
            setattr(given, name, value)
    given.results = given.results.absolute()
    given.log = str(given.results.with_suffix(".log"))
    return given


def main():
    """Measures what is missing, prints the tables of all."""
    given = arguments()
    results = open_results(given)
    measure(given, results)
    print(f"`{shlex.join(['python', 'benchmarks/gpu.py', *sys.argv[1:]])}`\n")
    print(f"{results['machine']}\n")
    print("\n".join(gpu_tables.every(results["entries"])))


if __name__ == "__main__":
    main()
