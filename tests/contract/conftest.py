"""One tiny artifact of every catalog entry, published once, read by the whole suite."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from publishing import Trained, train

import zoo
from contract.cases import CASES, SEED, build
from zoo.datasets.observed import observe


@dataclass(frozen=True)
class Published:
    """An artifact, what it was made from, and the parity table of its proof."""

    folder: Path
    trained: Trained
    rows: list


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
    return observe(case.data(), "dynamic", SEED)


@pytest.fixture
def model(name, data):
    """Untrained, compiled, fresh for every test."""
    model = build(name, data.event_shape)
    model.compile(jit_compile=False)
    return model


@pytest.fixture(scope="session")
def published(name, data, tmp_path_factory):
    """A `Published`: one epoch, the proof in full."""
    folder = tmp_path_factory.mktemp(name)
    trained = train(build(name, data.event_shape), data, folder, 5, epochs=1, batch_size=64)
    target = folder / "exports" / f"{name}-digits"
    recipe = {"script": f"recipes/{name}.py", "config": {}, "seed": SEED}
    rows = trained.publish(target, recipe, f"python recipes/{name}.py")
    return Published(target, trained, rows)
