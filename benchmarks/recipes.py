"""Every recipe with its defaults: how long it takes, and what comes of it.

Run:       python benchmarks/recipes.py
           python benchmarks/recipes.py --only rnn_vae iwae
Prints:    a markdown table; benchmarks/recipes.md keeps it

Each recipe runs in a process of its own, one after the other, into a temporary folder; its artifact
is then verified by `zoo verify`. Seconds are those of the whole command, from the start of Python
to the proven artifact.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paired

import zoo

ROOT = Path(__file__).resolve().parents[1]


def run(name, folder):
    """One line of the table: the recipe's seconds, and its artifact's metrics."""
    began = time.monotonic()
    command = [sys.executable, str(ROOT / "recipes" / f"{name}.py"), "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - began
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    (artifact,) = folder.glob(f"{name}-*/manifest.json")
    verified = subprocess.run(
        [sys.executable, "-m", "zoo", "verify", str(artifact.parent), "--runtime", "all"],
        capture_output=True,
        text=True,
    )
    if verified.returncode:
        sys.exit(f"{name} is not verified:\n{verified.stdout}{verified.stderr}")
    manifest = zoo.load(artifact.parent).manifest
    metrics = manifest["metrics"]
    size = sum(path.stat().st_size for path in artifact.parent.rglob("*") if path.is_file())
    numbers = [metrics.get("nll"), metrics.get("elbo"), metrics["reconstruction"]]
    return [
        name,
        f"{seconds:.0f}",
        f"{manifest['parameters']:,}",
        *("-" if number is None else f"{number:.2f}" for number in numbers),
        f"{metrics['active_units']} of {manifest['latent']['size']}",
        f"{size / 2**20:.1f}",
    ], manifest["protocol"]["statement"]


def main():
    """Runs the recipes and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=list(zoo.catalog.names()))
    given = parser.parse_args()
    head = ("recipe", "seconds", "parameters", "NLL", "ELBO", "-log p(x given z)", "active", "MiB")
    rows, statements = [], []
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            row, statement = run(name, Path(folder))
        print(" ".join(row), file=sys.stderr, flush=True)
        rows.append(row)
        statements.append(statement)
    print(paired.table(head, rows))
    print(f"\nDefaults, so the embedded digits. {statements[-1]}.")
    print(paired.machine("keras", "tensorflow", "onnxruntime"))


if __name__ == "__main__":
    main()
