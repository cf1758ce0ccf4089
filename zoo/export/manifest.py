"""manifest.json: everything about an artifact that a program wants to know."""

import datetime
import importlib.metadata
import json
import math
import os
import platform
import sys
from pathlib import Path

import keras

from zoo import __version__
from zoo.artifact import checksums
from zoo.artifact.endpoints import SCHEMA_VERSION

LIBRARIES = ("keras", "tensorflow", "jax", "onnx", "tf2onnx", "onnxruntime", "numpy")


def facts(model):
    """What a manifest says of a model, in plain values."""
    return {
        "model": model.name,
        "event_shape": list(model.event_shape),
        "latent": model.latent_facts,
        "likelihood": model.likelihood.family,
        "parameters": model.count_params(),
        "conditions": model.conditions,
        "autoregressive": model.autoregressive,
        "score_samples": model.score_samples,
    }


def made(answer):
    """What a manifest says of an export, from what `making.make` gave."""
    return answer["facts"] | {
        "schema_version": SCHEMA_VERSION,
        "zoo_version": __version__,
        "endpoints": answer["endpoints"],
        "float16": answer["float16"],
        "proof": answer["proof"],
        "comparisons": answer["comparisons"],
        "versions": {"python": platform.python_version()} | _versions(),
    }


def build(name, answer, data, run, report, recipe, warnings=(), tuned_from=None):
    """The manifest as a dict, without the files' digests."""
    return made(answer) | {
        "name": name,
        "created": now(),
        "licence": "Apache-2.0",
        "schema": data.schema.to_json(),
        "data": {
            "name": data.name,
            "train": run.train_examples,
            "validation": run.validation_examples,
            "test": len(data.test),
            "test_split": data.test_split,
            "source": data.source,
            "licence": data.licence,
            "notes": list(data.notes),
        },
        "recipe": recipe,
        "metrics": {name: _number(value) for name, value in report.metrics.items()},
        "protocol": report.protocol
        | {"statement": report.statement(), "baselines": list(report.against_baselines())},
        "warnings": list(warnings),
        "training": {
            "epochs": len(run.history),
            **_of_fit(run),
            **({} if tuned_from is None else {"tuned_from": tuned_from}),
            "evaluation_seconds": round(report.seconds, 1),
            "backend": keras.backend.backend(),
            "hardware": hardware(),
        },
    }


def _of_fit(run):
    """What is only known where `training.fit` trained: a training elsewhere has none of these."""
    if run.seconds is None:
        return {}
    return {"best_epoch": run.best_epoch, "seconds": round(run.seconds, 1)}


def _number(value):
    """A metric as JSON has it: null where a model that diverged has no number."""
    return value if math.isfinite(value) else None


def now():
    """The time, as manifests state it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def write(folder, manifest):
    """Writes manifest.json last: with sha256 and bytes of every file in the folder, and its own."""
    folder = Path(folder)
    listed = {
        path.relative_to(folder).as_posix(): {
            "sha256": checksums.of_file(path),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    stated = json.loads(json.dumps(manifest | {"files": listed}, allow_nan=False))  # as it is read
    stated[checksums.MANIFEST_KEY] = checksums.of_manifest(stated)
    text = json.dumps(stated, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def hardware():
    """The machine in words: processor, cores this process may use, accelerators."""
    processor = platform.processor() or platform.machine()
    if sys.platform == "linux":
        names = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
        ]
        processor = names[0].split(":", 1)[1].strip() if names else processor
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        devices = keras.distribution.list_devices("gpu")
    except RuntimeError:  # JAX without a GPU
        devices = []
    return f"{processor}, {cores} cores" + (f", {len(devices)} GPU" if devices else "")


def _versions():
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
