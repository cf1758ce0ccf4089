"""One artifact of every catalog entry, made by its recipe once and read by the whole suite."""

from dataclasses import dataclass
from pathlib import Path

import keras
import pytest
from processes import run_here
from publishing import train

import zoo
from contract.cases import CASES, SEED, build
from zoo.datasets import binarize

QUALITY = (
    "conv_vae",
    "vq_vae",
)  # whose samples are measured, which takes a second: one of z, codes


@dataclass(frozen=True)
class Published:
    """An artifact, and the model and the manifest that lie in it."""

    folder: Path
    model: keras.Model
    manifest: dict


@pytest.fixture(scope="session", params=list(CASES))
def name(request):
    """Of a catalog entry."""
    return request.param


@pytest.fixture(scope="session")
def case(name):
    """A `Case`."""
    assert name in CASES, f"tests/contract/cases.py has no case for the catalog's {name}"
    return CASES[name]


@pytest.fixture(scope="session")
def data(case):
    """Tiny data that the entry can be trained on."""
    return seen(case)


def seen(case):
    """A case's data as its model sees it."""
    loaded = case.data()
    return binarize(loaded, "dynamic" if loaded.schema.ink else "none", SEED)


@pytest.fixture
def model(name, data):
    """Untrained, compiled, fresh for every test."""
    model = build(name, data.event_shape)
    model.compile(run_eagerly=True)  # a step or two: tracing would take longer
    return model


def by_hand(name, folder):
    """A `Published` of the tiny model itself, without a recipe."""
    data = seen(CASES[name])
    done = train(build(name, data.event_shape), data, folder, samples=2, epochs=1)
    artifact = folder / "exports" / f"{name}-{data.name}"
    recipe = {"script": f"tests/{name}.py", "config": {}, "seed": SEED}
    done.publish(artifact, recipe=recipe, command=f"python tests/{name}.py")
    model = keras.saving.load_model(artifact / "model.keras")
    return Published(artifact, model, zoo.load(artifact).manifest)


@pytest.fixture(scope="session")
def published(name, tmp_path_factory):
    """A `Published`: what the recipe with its defaults makes of the case's data in one epoch."""
    folder = tmp_path_factory.mktemp(name)
    if CASES[name].by_hand:
        return by_hand(name, folder)
    options = ["--dataset", CASES[name].named, "--epochs", "1", "--samples", "2"]
    if name not in QUALITY:
        options.append("--no-sample-quality")
    done = run_here(f"recipes/{name}.py", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    artifact = folder / "exports" / f"{name}-{CASES[name].named}"
    model = keras.saving.load_model(artifact / "model.keras")
    return Published(artifact, model, zoo.load(artifact).manifest)
