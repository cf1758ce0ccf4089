"""One artifact of every catalog entry, made by its recipe once and read by the whole suite."""

from dataclasses import dataclass
from pathlib import Path

import keras
import pytest
from processes import run_here

import zoo
from contract.cases import CASES, SEED, build
from zoo.datasets import binarize


@dataclass(frozen=True)
class Published:
    """An artifact, and the model and the manifest that lie in it."""

    folder: Path
    model: keras.Model
    manifest: dict


@pytest.fixture(scope="session", params=zoo.catalog.names())
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
    return binarize(case.data(), "dynamic", SEED)


@pytest.fixture
def model(name, data):
    """Untrained, compiled, fresh for every test."""
    model = build(name, data.event_shape)
    model.compile(run_eagerly=True)  # a step or two: tracing would take longer
    return model


@pytest.fixture(scope="session")
def published(name, tmp_path_factory):
    """A `Published`: what the recipe with its defaults gives after one epoch."""
    folder = tmp_path_factory.mktemp(name)
    done = run_here(f"recipes/{name}.py", "--epochs", "1", "--samples", "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    artifact = folder / "exports" / f"{name}-digits"
    model = keras.saving.load_model(artifact / "model.keras")
    return Published(artifact, model, zoo.load(artifact).manifest)
