"""Threads that load and call one artifact while another process replaces it, again and again.

Run:       python benchmarks/fuzz_threads.py exports/dense_vae-mnist --seconds 120 --threads 16
Prints:    what is not as wanted, and at the end the counts

The artifact and a second one, with the same graphs and every weight halved, take turns at one
place, put there as an export replaces one. Each thread loads what lies there, or goes on with what
some thread loaded, and calls an endpoint that may not have been called before. An answer must have
the bits of the one artifact or of the other, and one load must never answer as both: whatever was
loaded, the manifest says which it is. A load may be refused only with a sentence.
"""

import argparse
import hashlib
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path


def halved(source, target):
    """A copy of an artifact whose every weight is half as large, and whose digests say so."""
    import numpy as np

    shutil.copytree(source, target)
    weights = target / "onnx" / "weights.bin"
    (np.fromfile(weights, "<f4") / 2).astype("<f4").tofile(weights)
    path = target / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["onnx/weights.bin"]["sha256"] = hashlib.sha256(
        weights.read_bytes()
    ).hexdigest()
    del manifest["manifest_sha256"]
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    manifest["manifest_sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    path.write_text(json.dumps(manifest), encoding="utf-8")


def replace(sources, place, stop, count):
    """Puts one artifact in the other's place until told to stop."""
    from zoo.atomic_write import whole_folder

    while not stop.is_set():
        for source in sources:
            with whole_folder(place, replace=True) as stage:
                shutil.copytree(source, stage, dirs_exist_ok=True)
            count.value += 1


def asked(endpoint):
    """The same rows every time."""
    import numpy as np

    found = {}
    for tensor in endpoint.inputs:
        shape = [3, *tensor.shape[1:]]
        if tensor.dtype == "float32":
            found[tensor.name] = np.full(shape, 0.25, np.float32)
        else:
            whole = np.arange(np.prod(shape)).reshape(shape) % (tensor.below or 7)
            found[tensor.name] = whole.astype(tensor.dtype)
    return found


def answer(vae, name):
    """The bits of an endpoint's answer."""
    given = asked(vae.endpoints[name])
    return b"".join(value.tobytes() for value in getattr(vae, name)(**given))


class Campaign:
    """What the threads share."""

    def __init__(self, place, sources, seed):
        import zoo
        from zoo.errors import ZooError

        self.load, self.errors, self.place, self.seed = zoo.load, ZooError, place, seed
        self.expected = {}
        for source in sources:
            vae = zoo.load(source, threads=1)
            digest = vae.manifest["manifest_sha256"]
            self.expected[digest] = {name: answer(vae, name) for name in vae.endpoints}
        self.names = list(vae.endpoints)
        one, other = self.expected.values()
        alike = [name for name in self.names if one[name] == other[name]]
        if alike:
            raise SystemExit(f"Both artifacts answer alike in {', '.join(alike)}: nothing to tell.")
        self.lock, self.counts, self.shared = threading.Lock(), {}, vae

    def note(self, outcome, sentence=""):
        with self.lock:
            first = outcome not in self.counts
            self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if outcome not in ("answered", "loaded") and (first or outcome != "refused"):
            print(f"{outcome}: {sentence}", flush=True)

    def work(self, number, until):
        """One thread."""
        dice = random.Random(f"{self.seed}-{number}")
        while time.monotonic() < until:
            try:
                self.turn(dice)
            except self.errors as error:
                self.note("refused", str(error))
            except BaseException:
                self.note("raised", traceback.format_exc())

    def turn(self, dice):
        """Loads, or takes what was loaded, and calls some endpoints."""
        if dice.random() < 0.5:
            self.shared = vae = self.load(self.place, threads=1)
            self.note("loaded")
        else:
            vae = self.shared
        digest = vae.manifest["manifest_sha256"]
        for name in dice.sample(self.names, dice.randrange(1, len(self.names) + 1)):
            if dice.random() < 0.1:
                vae.decode([]) if "decode" in vae.endpoints else None
            if answer(vae, name) == self.expected[digest][name]:
                self.note("answered")
            else:
                self.note("answered wrongly", f"{name} of {digest}")


def main():
    """Runs the campaign; the exit code is 0 where all is as wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    stop, count = context.Event(), context.Value("q", 0)
    with tempfile.TemporaryDirectory(prefix="fuzz-threads-") as room:
        sources = [Path(room, "one"), Path(room, "other")]
        shutil.copytree(given.artifact, sources[0])
        halved(sources[0], sources[1])
        place = Path(room, "exports", given.artifact.name)
        shutil.copytree(sources[0], place)
        campaign = Campaign(place, sources, given.seed)
        replacer = context.Process(target=replace, args=(sources, place, stop, count))
        replacer.start()
        while not count.value and replacer.is_alive():
            time.sleep(0.05)
        until = time.monotonic() + given.seconds
        threads = [
            threading.Thread(target=campaign.work, args=(number, until), daemon=True)
            for number in range(given.threads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until + 120 - time.monotonic()))
        hung = sum(thread.is_alive() for thread in threads)
        alive = replacer.is_alive()
        stop.set()
        replacer.join()
    said = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(campaign.counts.items()))
    print(
        f"{given.threads} threads, {given.seconds:g} s, {count.value:,} replacements: {said}; "
        f"{hung} threads hung"
    )
    good = {"answered", "loaded", "refused"}
    return int(bool(hung or not alive or set(campaign.counts) - good))


if __name__ == "__main__":
    sys.exit(main())
