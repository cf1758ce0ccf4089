"""Kills recipes with SIGKILL at random moments, resumes them, and looks at what is left.

Run:       python benchmarks/fuzz_kills.py                     (200 kills, an hour on 2 busy cores)
           python benchmarks/fuzz_kills.py --kills 60 --phases training --seed 1
Prints:    a line a kill, then a table; benchmarks/fuzz_kills.md keeps it

A tiny convolutional VAE is trained on the digits, with a checkpoint after every step, evaluated and
exported by `recipes/conv_vae.py`. Each run is killed at a random moment of its start, its training,
its evaluation, its export or of what follows; every other time its whole process group is, as when
a container ends. The next one goes on with --resume, until a run ends by itself; then another
begins, in every second case with --replace over an artifact that is there already.

Wanted, whatever the moment:
- what lies at the target is nothing, the artifact that was there before, or a whole new one: every
  file that its manifest lists, with the sha256 that it states;
- every run that is not killed ends within its time, with exit code 0 or an error in a sentence;
- the artifact of a run that was killed has the weights, history and metrics of one that was not,
  bit by bit;
- a run that has ended leaves nothing beside its artifact.

Processes are forked from this one, which has imported TensorFlow and computed nothing by it: that
saves each the seconds of the import.
"""

import argparse
import csv
import io
import json
import os
import random
import runpy
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
NAME = "conv_vae-digits"
ARGUMENTS = ["--latent", "2", "--filters", "4", "--dense", "8", "--epochs", "4", "--samples", "5"]
PHASES = {  # what a run prints when one begins, and how often it is killed in it
    "start": (None, 1),
    "training": ("Epoch 1/", 8),
    "evaluation": ("; evaluating.", 2),
    "export": ("Exporting and proving.", 6),
}
MOST_SECONDS = 600.0  # of a run that is not killed: then it hangs


class Campaign:
    """Kills and what they left.

    Args:
        folder: where runs are made.
        seed: of the moments.
        phases: in which runs are killed.
    """

    def __init__(self, folder, seed, phases):
        self.folder = Path(folder)
        self.random = random.Random(seed)
        self.phases = phases
        self.kills = Counter()  # by phase
        self.faults = []
        self.resumed = 0  # runs that ended by themselves after at least one kill
        self.wanted = self.durations = None

    def run(self, kills):
        """Kills so often."""
        self.reference()
        chain = 0
        while self.kills.total() < kills:
            chain += 1
            self.chain(self.folder / f"chain-{chain}", chain % 2 == 0, kills)

    def reference(self):
        """A run that nobody kills: what it makes, and how long its phases take."""
        folder = self.folder / "uninterrupted"
        run = Run(folder, [])
        code = run.wait()
        if code:
            raise SystemExit(f"The run that nobody kills ended with {code}:\n{run.printed()}")
        self.wanted = contents(folder / "exports" / NAME)
        begun = [run.reached.get(phase, 0.0) for phase in PHASES] + [run.seconds]
        self.durations = {
            phase: max(0.1, end - start)
            for phase, start, end in zip(PHASES, begun, begun[1:], strict=False)
        }
        print("phases:", {name: f"{value:.1f} s" for name, value in self.durations.items()})

    def chain(self, folder, replace, kills):
        """Runs in one folder, each killed, until one ends by itself."""
        target, before = folder / "exports" / NAME, None
        options = ["--resume"]
        if replace:
            shutil.copytree(self.folder / "uninterrupted" / "exports" / NAME, target)
            before = (target / "manifest.json").read_bytes()
            options.append("--replace")
        killed = 0
        while self.kills.total() < kills:
            phase, at, group = self.moment()
            run = Run(folder, options)
            if not run.killed(phase, at, group):
                break
            killed += 1
            self.kills[phase] += 1
            print(f"{self.kills.total():4d}  {phase} + {at:.2f} s", flush=True)
            self.look(target, before, f"kill {self.kills.total()} ({phase} + {at:.2f} s)")
            if not replace and target.exists():
                return shutil.rmtree(folder)  # it was in place already
        else:
            run = Run(folder, options)
        self.finish(folder, run, killed)
        return None

    def finish(self, folder, run, killed):
        """Lets a run end by itself, and compares what it made with the run that nobody killed."""
        name = f"{folder.name}, after {killed} kills"
        code = run.wait()
        if code is None:
            self.note(f"{name}: a hang of {MOST_SECONDS:.0f} s")
        elif code or "Traceback" in run.printed():
            self.note(f"{name}: exit code {code}: {run.printed()[-2000:]}")
        else:
            self.resumed += killed > 0
            left = sorted(os.listdir(folder / "exports"))
            if left != [NAME]:
                self.note(f"{name}: {left} are left")
            made = contents(folder / "exports" / NAME)
            for what in differing(made, self.wanted):
                self.note(f"{name}: other {what}")
        shutil.rmtree(folder)

    def note(self, fault):
        """Keeps a fault, and says it at once."""
        self.faults.append(fault)
        print(f"FAULT {fault}", flush=True)

    def moment(self):
        """(phase, seconds after its begin, whether the whole group is killed)."""
        weights = [PHASES[phase][1] for phase in self.phases]
        (phase,) = self.random.choices(self.phases, weights)
        return phase, self.random.uniform(0.0, self.durations[phase]), self.random.random() < 0.5

    def look(self, target, before, name):
        """Notes an artifact that is not whole, and an old one that has gone."""
        if not target.exists():
            if before is not None:
                self.note(f"{name}: the artifact that was to be replaced has gone")
            return
        problem = not_whole(target)
        if problem:
            self.note(f"{name}: {problem}")


class Run:
    """The recipe in a forked process and a group of its own, writing to `log` in its folder."""

    def __init__(self, folder, options):
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"
        self.log.write_bytes(b"")
        self.began, self.seconds, self.reached = time.monotonic(), None, {}
        sys.stdout.flush()
        self.process = os.fork()
        if self.process == 0:
            _recipe(folder, options)  # does not return

    def printed(self):
        return self.log.read_text(errors="replace")

    def killed(self, phase, seconds, group):
        """Whether it was killed so long after the phase began, and had not ended before."""
        since = None
        while self._code() is None:
            now = time.monotonic()
            if now - self.began > MOST_SECONDS:
                return False
            self._note()
            if since is None and phase in self.reached:
                since = now
            if since is not None and now - since >= seconds:
                self._kill(group)
                return True
            time.sleep(0.002)
        return False

    def wait(self):
        """Its exit code; None, and it is killed, if it hangs."""
        while (code := self._code()) is None:
            if time.monotonic() - self.began > MOST_SECONDS:
                self._kill(group=True)
                return None
            self._note()
            time.sleep(0.02)
        self.seconds = time.monotonic() - self.began
        return code

    def _note(self):
        text = self.printed()
        for phase, (mark, _) in PHASES.items():
            # A run that goes on begins with a later epoch than the first.
            mark = "Epoch " if phase == "training" else mark
            if phase not in self.reached and (mark is None or mark in text):
                self.reached[phase] = time.monotonic() - self.began

    def _code(self):
        """Its exit code, once it has ended."""
        if self.process is not None:
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if not ended:
                return None
            self.process, self._ended = None, os.waitstatus_to_exitcode(status)
        return self._ended

    def _kill(self, group):
        process = self.process
        if group:
            os.killpg(process, signal.SIGKILL)
        else:
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        self.process, self._ended = None, -signal.SIGKILL


def _recipe(folder, options):
    """Runs the recipe in this process, which ends with it."""
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        log = os.open("log", os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        from zoo.training import loop

        loop.CHECKPOINT_SECONDS, loop.CHECKPOINT_SHARE = 0.0, float("inf")
        script = str(ROOT / "recipes" / "conv_vae.py")
        sys.argv = [script, *ARGUMENTS, *options]
        runpy.run_path(script, run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def not_whole(artifact):
    """What is missing or damaged in an artifact, as a sentence; None: nothing."""
    import hashlib

    try:
        files = json.loads((artifact / "manifest.json").read_text())["files"]
        for name, stated in files.items():
            if hashlib.sha256((artifact / name).read_bytes()).hexdigest() != stated["sha256"]:
                return f"{name} is not as its manifest states"
    except (OSError, ValueError, KeyError) as error:
        return f"half an artifact: {error!r}"
    return None


def contents(artifact):
    """What two runs alike must have in common: weights, history but for seconds, metrics."""
    found = {}
    with zipfile.ZipFile(artifact / "model.keras") as file:
        stored = io.BytesIO(file.read("model.weights.h5"))
    with h5py.File(stored) as weights:

        def take(name, each):
            if isinstance(each, h5py.Dataset):
                found[f"weights {name}"] = np.asarray(each)

        weights.visititems(take)
    with open(artifact / "history.csv", newline="") as file:
        for row in csv.DictReader(file):
            found[f"history of epoch {row['epoch']}"] = {**row, "seconds": None}
    found["metrics"] = json.loads((artifact / "manifest.json").read_text())["metrics"]
    return found


def differing(made, wanted):
    """Names of what is not equal, bit by bit."""
    for name in sorted({*made, *wanted}):
        if name not in made or name not in wanted:
            yield name
        elif not np.array_equal(made[name], wanted[name]):
            yield name


def table(campaign, seconds):
    """Markdown."""
    killed = ", ".join(f"{campaign.kills[phase]} in {phase}" for phase in PHASES)
    return (
        "| kills | moments | resumed runs that ended | faults | minutes |\n|---|---|---|---|---|\n"
        f"| {campaign.kills.total()} | {killed} | {campaign.resumed} | {len(campaign.faults)} | "
        f"{seconds / 60:.0f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200, help="how often")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=list(PHASES), help="when")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.path[:0] = [str(ROOT), str(ROOT / "recipes")]
    # Everything that a recipe imports, and nothing that starts TensorFlow's threads.
    import keras  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import sklearn.datasets  # noqa: F401
    import tyro  # noqa: F401

    import zoo

    for room in (zoo.catalog, zoo.datasets, zoo.training, zoo.evaluation, zoo.export, zoo.recipe):
        assert room
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-kills-") as folder:
        campaign = Campaign(folder, options.seed, options.phases)
        try:
            campaign.run(options.kills)
        finally:  # also when it is interrupted
            print("", table(campaign, time.monotonic() - began), sep="\n", flush=True)
    sys.exit(1 if campaign.faults else 0)


if __name__ == "__main__":
    main()
