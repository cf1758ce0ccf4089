"""The explorer at `/` of a running server: it draws what Python draws, and follows versions."""

import contextlib
import json
import shutil

import numpy as np
import pytest
from serve.running import Running

import zoo
from zoo.artifact import checksums

from .conftest import EXPORTS, Served
from .test_page import ROUNDED, verdict

pytestmark = pytest.mark.slow
CONV = EXPORTS / "conv_vae-mnist"


@pytest.fixture
def served(page, tmp_path):
    """(a folder, a `Running` that serves it as "mine" and molecules as they are named)."""
    folder = tmp_path / "artifact"
    shutil.copytree(CONV, folder)
    arguments = f"mine={folder}", EXPORTS / "molecule_vae-qm9", "--look-seconds", "0.2"
    running = Running(tmp_path / "log", *arguments, page=page)
    running.wait_for("explorer")
    yield folder, running
    assert running.end() == 0
    assert not running.events("error")


def test_the_page_at_the_root_draws_a_seed_as_python_does(served, look, pixels):
    _, running = served
    page = look("mine", at=f"{running.address}/")
    assert page.text_content("h1") == "mine"
    wanted = zoo.load(CONV).generate([7]).x_mean[0, :, :, 0]
    assert np.abs(pixels(page, "#sample") - wanted).max() <= ROUNDED < 1 / 255
    assert verdict(page)[0] == "green"
    page = look("molecule_vae-qm9", at=f"{running.address}/")
    page.wait_for_selector("#given .drawing svg")
    page.click("footer a")
    assert page.url == f"{running.address}/docs" and page.title() == "vae-zoo"
    page.click("text=The explorer")
    assert page.url == f"{running.address}/"


def test_a_page_of_a_new_version_is_there_at_once_and_an_open_one_goes_on(served, look):
    folder, running = served
    page = look("mine", at=f"{running.address}/")
    assert "7.77 nats" not in page.text_content("#facts")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["metrics"]["nll"] = 7.77
    manifest[checksums.MANIFEST_KEY] = checksums.of_manifest(manifest)
    (folder / "new").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "new").replace(folder / "manifest.json")
    running.wait_for("explorer", 2)
    assert verdict(page)[0] == "green"
    page.reload()
    page.wait_for_selector("#facts:has-text('7.77 nats')")


def test_what_a_browser_kept_of_another_explorer_at_this_address_is_forgotten(
    browser, site, page, tmp_path
):
    playwright = pytest.importorskip("playwright.sync_api")
    kept = Served(site)
    context = browser.new_context()
    running = None
    try:
        looked = context.new_page()
        looked.goto(kept.address)
        looked.wait_for_selector("body[data-ready=true]", timeout=60_000)
        looked.evaluate("navigator.serviceWorker.ready.then(() => true)")
        kept.stop()
        port = int(kept.address.rstrip("/").rpartition(":")[2])
        running = Running(tmp_path / "log", f"mine={CONV}", page=page, port=port)
        running.wait_for("explorer")
        new = looked.locator("h1:has-text('mine')")
        for _ in range(6):  # the browser asks for a newer worker at each visit, when it likes to
            looked.goto(kept.address)
            with contextlib.suppress(playwright.TimeoutError):
                new.wait_for(timeout=20_000)
                break
        assert new.count() == 1
        none = "async () => !(await navigator.serviceWorker.getRegistrations()).length"
        looked.wait_for_function(none, timeout=20_000)
    finally:
        context.close()
        if running is not None:
            running.end()
