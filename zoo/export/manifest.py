"""manifest.json: everything about an artifact that a program wants to know."""

import datetime
import json
import math
from pathlib import Path

from zoo import __version__, provenance
from zoo.artifact import checksums
from zoo.artifact.endpoints import SCHEMA_VERSION


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
        "versions": provenance.versions(),
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
            **_where(run),
        },
    }


def _where(run):
    """Backend and machine of the training; its versions where they are not those of the export."""
    place = run.place or provenance.here()
    same = place["versions"] == provenance.versions()
    return {name: value for name, value in place.items() if name != "versions" or not same}


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
