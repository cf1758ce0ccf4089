"""`vae.explore()`: a frame in a notebook, an address at a prompt, nothing for anybody else."""

import gc
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pages
import pytest

import zoo
from zoo.errors import MissingDependency
from zoo.explorer import showing, writing

from .conftest import EXPORTS

CONV = EXPORTS / "conv_vae-mnist"


@pytest.fixture
def small_page(tmp_path, monkeypatch):
    """`pages.small` in the place of the built page."""
    monkeypatch.setattr(writing, "PAGE", pages.small(tmp_path / "page"))


@pytest.fixture
def vae():
    return zoo.load(CONV, threads=1)


def status(address):
    """The status of an answer to GET."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_prompt_says_where_it_is_and_it_is_there(small_page, vae):
    shown = vae.explore()
    assert repr(shown).startswith(f"The explorer of conv_vae-mnist is at {shown.address} for as")
    assert shown.address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(shown.address, timeout=10) as answer:
        assert b"<title>small</title>" in answer.read()
    assert status(f"{shown.address}explorer.json") == 200


def test_who_does_not_know_the_address_finds_nothing(small_page, vae):
    shown = vae.explore()
    root = shown.address.rstrip("/").rpartition("/")[0]
    for path in ("", "explorer.json", "../", "%2e%2e/", "%2e%2e/etc/passwd"):
        assert status(f"{root}/{path}") == 404
    assert status(f"{shown.address}assets/") == 404  # no lists


def test_one_artifact_has_one_explorer_and_another_another(small_page, vae):
    assert vae.explore().address == vae.explore(height=300).address
    assert vae.explore().address != zoo.load(CONV, threads=1).explore().address


def test_a_model_that_is_done_with_is_not_kept(small_page):
    count = len(showing._known)
    vae = zoo.load(CONV, threads=1)
    vae.explore()
    assert len(showing._known) == count + 1
    del vae
    gc.collect()
    assert len(showing._known) == count


def test_where_the_page_is_not_built_it_says_so(vae, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PAGE", tmp_path / "nothing")
    with pytest.raises(MissingDependency, match="make page"):
        vae.explore()


def test_nothing_is_left_behind_and_no_training_stack_is_loaded(tmp_path):
    page = pages.small(tmp_path / "page")
    (tmp_path / "temporary").mkdir()
    code = f"""
import sys, tempfile
from pathlib import Path
tempfile.tempdir = {str(tmp_path / "temporary")!r}
import zoo
from zoo.explorer import writing
writing.PAGE = Path({str(page)!r})
print(zoo.load({str(CONV)!r}).explore())
assert list(Path(tempfile.tempdir).iterdir())
print(*sorted({{each.partition(".")[0] for each in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[1].split()
    assert not {"tensorflow", "keras", "jax", "onnx", "IPython", "uvicorn"} & {*loaded}
    assert not list((tmp_path / "temporary").iterdir())


def test_ipython_shows_a_frame(small_page, vae):
    shell = pytest.importorskip(
        "IPython.core.interactiveshell", reason="shows what a notebook does"
    )
    made = shell.InteractiveShell.instance()
    try:
        made.push({"vae": vae})
        made.display_formatter.active_types = ["text/html", "text/plain"]  # as a notebook's are
        found = made.run_cell("vae.explore(height=500)", store_history=False).result
        data, _ = made.display_formatter.format(found)
    finally:
        shell.InteractiveShell.clear_instance()
    assert f'<iframe src="{found.address}"' in data["text/html"]
    assert 'height="500"' in data["text/html"]
    assert data["text/plain"] == repr(found)


@pytest.mark.slow
def test_the_frame_draws_the_model(page, browser, vae, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PAGE", Path(page))
    shown = vae.explore()
    (tmp_path / "notebook.html").write_text(f"<!doctype html>{shown._repr_html_()}")
    context = browser.new_context()
    try:
        looked = context.new_page()
        looked.goto((tmp_path / "notebook.html").as_uri())
        frame = looked.frame_locator("iframe")
        frame.locator("#sample[data-seed='7']").wait_for(timeout=60_000)
        frame.locator("body[data-ready=true]").wait_for(timeout=60_000)
        assert looked.get_attribute("a", "href") == shown.address
    finally:
        context.close()
