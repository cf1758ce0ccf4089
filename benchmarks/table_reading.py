"""A table larger than the memory it may take: processor seconds and peak memory of reading it.

Run:       python benchmarks/table_reading.py --megabytes 400
Against:   pandas.read_csv of the whole file, in a process of its own
Measures:  memory that a process holds of its own (RssAnon of Linux, looked at every 20 ms, less
           what it held before it read), and what it holds of files besides, which the system takes
           back as it needs
"""

import argparse
import multiprocessing
import platform
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from zoo import datasets  # noqa: E402
from zoo.datasets import storage  # noqa: E402

ROWS = 20_000  # written at a time


def main():
    """Writes a table, reads it in several ways, and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=400, help="of the .csv")
    parser.add_argument("--share", type=float, default=0.001, help="memory_share")
    parser.add_argument("--folder", type=Path, help="where the files are written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        table = Path(folder) / "table.csv"
        rows = write(table, options.megabytes * 10**6)
        share, memory = options.share, storage.physical_memory()
        print(
            f"{table.stat().st_size / 1e6:,.0f} MB, {rows:,} rows of {len(HEADER)} columns, "
            f"which may take {share * memory / 2**20:.0f} MiB of {memory / 2**30:.1f} GiB\n"
            f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n"
        )
        print("| reading | CPU seconds | memory of its own, MiB | of files besides, MiB |")
        print("|---|---|---|---|", flush=True)
        for name, read in (
            ("zoo, the first time", kept),
            ("zoo, once more", kept),
            ("zoo, within memory", within),
            ("pandas.read_csv", peer),
        ):
            seconds, own, files = in_a_process(read, table, share)
            print(f"| {name} | {seconds:.1f} | {own:.0f} | {files:.0f} |", flush=True)


HEADER = ("id", "when", "age", "income", "city", "member", "visits", "score", "postcode", "gap")


def write(path, size):
    """A .csv of about `size` bytes with columns of every kind; gives its number of rows."""
    random, row = np.random.default_rng(0), 0
    with open(path, "w") as file:
        file.write(",".join(HEADER) + "\n")
        while file.tell() < size:
            file.write("\n".join(",".join(line) for line in lines(random, row)) + "\n")
            row += ROWS
    return row


def lines(random, start):
    """Rows of text."""
    days = np.datetime64("2015-01-01T00:00:00") + random.integers(0, 3 * 10**8, ROWS)
    cities = np.array(["Oslo", "Bergen", "Trondheim", "Stavanger", "Moss"])
    gap = random.normal(size=ROWS)
    columns = (
        np.arange(start, start + ROWS),
        days,
        random.normal(40, 12, ROWS).round(1),
        np.exp(random.normal(10, 1, ROWS)).round(2),
        cities[random.integers(0, 5, ROWS)],
        np.array(["no", "yes"])[random.integers(0, 2, ROWS)],
        random.poisson(30, ROWS),
        random.normal(size=ROWS),
        np.char.zfill(random.integers(0, 900, ROWS).astype(str), 4),
        np.where(gap > 1, "", gap.round(4).astype(str)),
    )
    return zip(*(column.astype(str) for column in columns), strict=True)


def kept(table, share):
    """By the zoo, rows in files."""
    data = datasets.load(table, memory_share=share, cache_dir=table.parent / "kept")
    data.train.batch(slice(0, 128))


def within(table, _):
    """By the zoo, rows in memory."""
    datasets.load(table, memory_share=0.5)


def peer(table, _):
    """By pandas, whole."""
    import pandas

    pandas.read_csv(table)


def in_a_process(read, table, share):
    """(seconds of its processors, MiB of its own, MiB of files) of a call in a fresh process."""
    context = multiprocessing.get_context("spawn")
    there, here = context.Pipe()
    process = context.Process(target=_measure, args=(here, read, table, share))
    process.start()
    here.close()
    measured = there.recv()
    process.join()
    return measured


def _measure(pipe, read, table, share):
    import pyarrow.csv  # noqa: F401  its libraries count for neither

    before, peak, over = _resident(), np.zeros(2), threading.Event()

    def look():
        while not over.wait(0.02):
            np.maximum(peak, _resident(), out=peak)

    watcher = threading.Thread(target=look)
    watcher.start()
    began = time.process_time()
    read(table, share)
    seconds = time.process_time() - began
    over.set()
    watcher.join()
    pipe.send((seconds, *(np.maximum(peak - before, 0) / 2**20)))


def _resident():
    """Bytes that this process holds: (of its own, of files)."""
    stated = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return np.array([int(stated[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile")])


if __name__ == "__main__":
    main()
