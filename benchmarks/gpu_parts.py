"""The parts of `gpu.py`: each gives entries, (key, what makes it), and knows no table."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import paired_steps
import turns

HERE = Path(__file__).parent
STEPS_OF = (("dense", 28), ("conv", 28), ("residual", 28), ("conv", 64), ("hierarchical", 64))
INFERENCE_OF = ("dense_vae-mnist", "conv_vae-mnist", "residual_vae-mnist")
ENDPOINTS = ("encode", "decode", "reconstruct")
PORTABLE = ("dense_vae", "conv_vae", "residual_vae")  # what `torch_port.py` reads
COMPILED = ("default", "reduce-overhead")  # modes of torch.compile
TOLD = ("Trained ", "elbo ", "nll ", "bits_per_dimension ")  # beginnings of a recipe's lines
DONE = (0, 3)  # 3: trained and evaluated, and not exported for want of TensorFlow
GRACE = 60.0  # seconds in which a recipe that was asked to stop writes its checkpoint


def verify(given):
    """`zoo verify` of every artifact, float32 and float16, on the device's provider."""
    provider = "CUDAExecutionProvider" if given.device == "cuda" else "CPUExecutionProvider"

    def one(folder):
        command = [sys.executable, "-m", "zoo", "verify", folder, "--provider", provider, "--json"]
        done = subprocess.run(
            command,
            env=os.environ | paired_steps.environment(given.device),
            capture_output=True,
            text=True,
            timeout=given.seconds,
        )
        if not done.stdout.strip():
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        audit = json.loads(done.stdout)
        found = {"provider": provider, "ok": audit["ok"], "findings": audit["findings"]}
        for precision, runtime in (("float32", "onnx"), ("float16", "onnx float16")):
            rows = [row for row in audit["rows"] if row["runtime"] == runtime]
            found[precision] = {
                "endpoints": sorted({row["endpoint"] for row in rows}),
                "abs": max((row["max_abs"] or 0.0 for row in rows), default=None),
                "ok": all(row["ok"] for row in rows),
            }
        return found

    for folder in given.artifacts:
        yield f"verify/{Path(folder).name}", lambda folder=folder: one(folder)


def step(given):
    """Milliseconds of a training step: ours and PyTorch's ways, in rounds that alternate."""

    def one(network, image):
        sizes = {"network": network, "image": image, "batch": given.batch, "steps": given.steps}
        ways = ["jax", *(["eager"] if given.quick else COMPILED)]
        return paired_steps.measure(
            ways, sizes, given.device, given.rounds, given.seconds, given.log
        )

    for network, image in given.networks:
        yield f"step/{network}-{image}", lambda n=network, i=image: one(n, i)


def inference(given):
    """Milliseconds of each endpoint by batch, ways in rounds that alternate; first checked."""

    def one(folder):
        modes = ["eager"] if given.quick else [COMPILED[given.device == "cuda"]]
        ways = [("onnxruntime", "float32"), ("jax", "float32"), *(("torch", m) for m in modes)]
        if not given.quick and (Path(folder) / "onnx" / "weights.fp16.bin").exists():
            ways.insert(1, ("onnxruntime", "float16"))
        return _paired_calls(ways, folder, given)

    for folder in given.artifacts:
        name = Path(folder).name
        if name.partition("-")[0] in PORTABLE:
            yield f"inference/{name}", lambda folder=folder: one(folder)


def _paired_calls(ways, folder, given):
    """{"way mode": {"check": {endpoint}, "ms": {"endpoint batch": [a round]}}}, or {"failed"}."""
    end, found = time.monotonic() + given.seconds, {}
    workers = {}
    for way, mode in ways:
        options = {"artifact": str(folder), "way": way, "mode": mode, "device": given.device}
        script = str(HERE / "inference_worker.py")
        worker = turns.Worker(script, options, paired_steps.environment(given.device), given.log)
        workers[f"{way} {mode}"], found[f"{way} {mode}"] = worker, {"check": {}, "ms": {}}

    def ask(way, **request):
        """The answer; None of a way that has failed, now or before."""
        if "failed" in found[way]:
            return None
        try:
            return workers[way].ask(max(1.0, end - time.monotonic()), **request)
        except turns.WorkerEnded as error:
            found[way] = {"failed": str(error)}

    try:
        for endpoint in ENDPOINTS:
            for way in workers:
                answer = ask(way, do="check", endpoint=endpoint, batch=3)
                if answer:
                    found[way]["check"][endpoint] = answer
        for round_ in range(given.rounds):
            for batch in given.batches:
                for endpoint in ENDPOINTS:
                    names = list(workers)
                    for way in names[round_ % len(names) :] + names[: round_ % len(names)]:
                        request = {"endpoint": endpoint, "batch": batch, "seconds": given.pause}
                        answer = ask(way, do="ms", **request)
                        if answer:
                            times = found[way]["ms"].setdefault(f"{endpoint} {batch}", [])
                            times.append(answer["ms"])
            if time.monotonic() > end - given.seconds / (round_ + 2):
                break
    finally:
        for each in workers.values():
            each.close()
    return found


def train(given):
    """Recipes on JAX; one that does not end in its seconds is stopped, and resumed next time."""

    def one(line):
        words = [word.format(data=given.data) for word in shlex.split(line)]
        out = given.results.with_suffix(".runs")
        command = [sys.executable, "-m", "zoo", "train", *words, "--out", str(out), "--resume"]
        began, stopped = time.monotonic(), False
        with open(given.log, "a+") as log:
            start = log.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                command,
                env=os.environ | paired_steps.environment(given.device),
                stdout=log,
                stderr=log,
            )
            try:
                process.wait(given.seconds)
            except subprocess.TimeoutExpired:
                stopped = True
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(GRACE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            log.seek(start)
            said = [line.strip() for line in log if line.strip()]
        told = [line for line in said if line.startswith(TOLD)] or said[-2:]
        answer = {"seconds": time.monotonic() - began, "code": process.returncode, "said": told}
        if stopped or process.returncode not in DONE:
            raise Unfinished(" ".join(said[-1:]), answer)
        return answer

    for line in given.train:
        yield f"train/{line}", lambda line=line: one(line)


class Unfinished(RuntimeError):
    """What is not done yet; `so_far` is its entry, which the next call goes on from."""

    def __init__(self, message, so_far):
        super().__init__(message)
        self.so_far = so_far


PARTS = {"verify": verify, "step": step, "inference": inference, "train": train}
