"""Every recipe with its defaults: how long it takes, and what comes of it.

Run:       python benchmarks/recipes.py
           python benchmarks/recipes.py --only rnn_vae iwae
Prints:    a markdown table; benchmarks/recipes.md keeps it

Each recipe runs in a process of its own, one after the other, into a temporary folder; its artifact
is then verified by `zoo verify`. Seconds are those of the whole command, from the start of Python
to the proven artifact; processor seconds those that it computed, on all cores together, which other
work on the machine lengthens less.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paired

import zoo

ROOT = Path(__file__).resolve().parents[1]


def run(name, folder):
    """One line of the table: the recipe's seconds, and its artifact's metrics; their protocol."""
    began, computed = time.monotonic(), processor_seconds()
    command = [sys.executable, str(ROOT / "recipes" / f"{name}.py"), "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    seconds, computed = time.monotonic() - began, processor_seconds() - computed
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
    used = f"{metrics.get('active_units')} of {manifest['latent']['size']}"
    if "perplexity" in metrics:
        used = f"perplexity {metrics['perplexity']:.0f} of {manifest['latent']['codes']}"
    numbers = [metrics.get("nll"), metrics.get("elbo"), metrics["reconstruction"]]
    return [
        name,
        f"{seconds:.0f}",
        f"{computed:.0f}",
        f"{manifest['parameters']:,}",
        *("-" if number is None else f"{number:.2f}" for number in numbers),
        used,
        f"{size / 2**20:.1f}",
    ], manifest["protocol"]["statement"]


def processor_seconds():
    """Of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    """Runs the recipes and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=list(zoo.catalog.names()))
    given = parser.parse_args()
    head = ("recipe", "seconds", "processor seconds", "parameters", "NLL", "ELBO")
    head += ("-log p(x given z)", "active", "MiB")
    rows, statements = [], {}
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            row, statement = run(name, Path(folder))
        print(" ".join(row), file=sys.stderr, flush=True)
        rows.append(row)
        statements.setdefault(statement, []).append(name)
    print(paired.table(head, rows))
    print("\nDefaults, so the embedded digits.")
    for statement, names in statements.items():
        print(f"{', '.join(names)}: {statement}.")
    print(paired.machine("keras", "tensorflow", "onnxruntime"))


if __name__ == "__main__":
    main()
