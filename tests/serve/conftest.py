"""One server for all tests that do not end it: committed artifacts, and some made by hand."""

import pytest

from serve import handmade
from serve.running import ROOT, Running

COMMITTED = ("conv_vae-mnist", "rnn_vae-mnist", "molecule_vae-qm9", "conditional_vae-mnist")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The folder of `table`, `marked`, `sequences` and `drawings`, made by hand."""
    folder = tmp_path_factory.mktemp("made")
    handmade.table(folder / "table")
    handmade.marked(folder / "marked", 1000.0)
    handmade.sequences(folder / "sequences")
    handmade.drawings(folder / "drawings")
    return folder


@pytest.fixture(scope="session")
def folders(made):
    """{name: folder} of what is served."""
    return {name: ROOT / "exports" / name for name in COMMITTED} | {
        name: made / name for name in ("table", "marked", "sequences", "drawings")
    }


@pytest.fixture(scope="session")
def server(folders, tmp_path_factory):
    """A `Running` of them all, on one thread, as the tests load them."""
    running = Running(
        tmp_path_factory.mktemp("served") / "log", *folders.values(), "--threads", "1"
    )
    yield running
    assert running.end() == 0
    failures = running.events("error")
    assert not failures, failures


@pytest.fixture(scope="session")
def guarded(made, tmp_path_factory):
    """A `Running` with small limits, a token and one origin that may read."""
    running = Running(
        tmp_path_factory.mktemp("guarded") / "log",
        made / "marked",
        *("--token", "sesame", "--cors", "https://lab.example"),
        *("--max-body-bytes", "100000", "--max-rows", "8", "--body-timeout", "0.5"),
    )
    yield running
    assert running.end() == 0
    assert not running.events("error")
