"""Files of strings, a million lines: lines a second of a processor, and peak memory of reading one.

Run:       python benchmarks/string_reading.py --lines 1000000
Against:   a list of all strings, what a program without a stream would hold
Measures:  each in a process of its own, its processor seconds, and the most memory that it ever
           held (VmHWM of Linux), less what it held before it read; `smiles` asks RDKit of every
           string whether it is a molecule
Prints:    a markdown table
"""

import argparse
import multiprocessing
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from zoo import datasets  # noqa: E402
from zoo.datasets.strings.loading import of_list  # noqa: E402

PIECES = ("C", "CC", "c1ccccc1", "C(=O)O", "N", "O", "C(F)", "n1cccc1", "S", "C1CC1", "C(Cl)")


def main():
    """Writes a file, reads it in several ways, and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the file is written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.environ["VAE_ZOO_CACHE"] = folder
        file = Path(folder) / "strings.smi"
        write(file, options.lines)
        print(
            f"{options.lines:,} lines, {file.stat().st_size / 1e6:,.0f} MB; "
            f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n"
        )
        print("| reading | lines a second of a processor | peak memory, MiB |")
        print("|---|---|---|", flush=True)
        for name, read in {
            "zoo, characters": characters,
            "zoo, smiles, asking RDKit": smiles,
            "one list of strings": peer,
        }.items():
            seconds, peak = in_a_process(read, file)
            print(f"| {name} | {options.lines / seconds:,.0f} | {peak:.0f} |", flush=True)


def write(file, lines):
    """A .smi of so many strings of up to 8 pieces each; most are molecules."""
    drawn = random.Random(0)
    with open(file, "w") as stream:
        for number in range(lines):
            text = "C" + "".join(drawn.choices(PIECES, k=drawn.randint(1, 8)))
            stream.write(f"{text} molecule-{number}\n")


def characters(file):
    """By the zoo, cut into characters."""
    datasets.load(file, tokenizer="characters")


def smiles(file):
    """By the zoo, cut into tokens of SMILES."""
    datasets.load(file)


def peer(file):
    """All of it as one list."""
    with open(file) as stream:
        return [line.split()[0] for line in stream.read().splitlines()]


def in_a_process(read, file):
    """(seconds, MiB) of a call in a fresh process."""
    context = multiprocessing.get_context("spawn")
    there, here = context.Pipe()
    process = context.Process(target=_measure, args=(here, read, file))
    process.start()
    here.close()
    measured = there.recv()
    process.join()
    return measured


def _measure(pipe, read, file):
    of_list(["C"] * 10, tokenizer="smiles")  # loads what reading wants
    before, began = _peak(), time.process_time()
    held = read(file)
    seconds = time.process_time() - began
    pipe.send((seconds, _peak() - before))
    del held


def _peak():
    """MiB that this process has held at most."""
    stated = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(stated["VmHWM"].split()[0]) / 2**10


if __name__ == "__main__":
    main()
