"""What TensorFlow says of its own work, kept back where it is meant to be so."""

import logging
import os
import subprocess
import sys

import pytest

import zoo
from zoo.recipe import backend

RETRACING = "5 out of the last 5 calls to f triggered tf.function retracing."


def test_retracing_is_no_warning_within_a_block_and_is_one_after_it(caplog):
    log = logging.getLogger("tensorflow")
    handler = caplog.handler
    log.addHandler(handler)
    try:
        with backend.several_traces():
            with backend.several_traces():
                log.warning(RETRACING)
            log.warning(RETRACING)
            log.warning("something else")
        log.warning(RETRACING)
    finally:
        log.removeHandler(handler)
    own = [record.getMessage() for record in caplog.records]
    assert "something else" in own and own[0] == "something else" and RETRACING in own


@pytest.mark.parametrize("name", ["fit", "evaluate", "publish"])
def test_what_is_called_from_python_retraces_in_silence(name, monkeypatch):
    from zoo.recipe import road

    seen = []
    monkeypatch.setattr(
        road,
        "prepared",
        lambda *_: seen.append(logging.getLogger("tensorflow").filters[:]) or 1 / 0,
    )
    given = {"publish": (None, None, "there-is-none")}.get(name, (None, None))
    with pytest.raises(ZeroDivisionError):
        getattr(zoo, name)(*given)
    assert any(not each.filter(_record(RETRACING)) for each in seen[0])
    assert all(each.filter(_record("something else")) for each in seen[0])
    left = logging.getLogger("tensorflow").filters
    assert not any(isinstance(each, logging.Filter) and each in seen[0] for each in left)


def _record(message):
    return logging.LogRecord("tensorflow", logging.WARNING, __file__, 1, message, None, None)


@pytest.mark.slow
def test_the_catalog_is_listed_without_native_messages():
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "list", "--catalog"],
        env=os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(zoo.__file__))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "conv_vae" in done.stdout and done.stderr == ""


def test_native_messages_are_shown_where_the_block_fails(capfd):
    with pytest.raises(ZeroDivisionError), backend.native_messages_kept_back():
        os.write(2, b"the reason")
        raise ZeroDivisionError
    assert capfd.readouterr().err == "the reason"
    with backend.native_messages_kept_back():
        os.write(2, b"chatter")
    assert capfd.readouterr().err == ""
