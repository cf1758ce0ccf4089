"""An explorer of committed artifacts, served from this machine, and a browser to look at it."""

import functools
import http.server
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from zoo import explorer
from zoo.explorer import writing

EXPORTS = Path(writing.__file__).resolve().parents[2] / "exports"
WEB = writing.PAGE.parent / "web"
MODELS = ("conv_vae-mnist", "molecule_vae-qm9", "conditional_vae-mnist")


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """The folder of the built page: the one of this clone unless its sources are newer."""
    built = writing.PAGE / "index.html"
    sources = [path for path in WEB.rglob("*") if "node_modules" not in path.parts]
    newest = max((path.stat().st_mtime for path in sources if path.is_file()), default=0.0)
    if built.is_file() and built.stat().st_mtime >= newest:
        return writing.PAGE
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            pytest.skip(f"the explorer's page is not built, and no {command} is on this machine")
    folder = tmp_path_factory.mktemp("explorer")
    shutil.copytree(WEB, folder / "web", ignore=shutil.ignore_patterns("node_modules"))
    install = "npm install --no-audit --no-fund --fetch-retries=0"
    for command in (install, "npm run build"):
        try:
            done = subprocess.run(
                command.split(), cwd=folder / "web", capture_output=True, text=True, timeout=300
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"the explorer's page could not be built: {command} took over 300 s")
        if done.returncode and command == install:
            pytest.skip(f"the explorer's page could not be built: {done.stderr.strip()[-300:]}")
        assert done.returncode == 0, done.stderr
    return folder / "page"


@pytest.fixture(scope="session")
def site(page, tmp_path_factory):
    """A written explorer of `MODELS`. Read-only."""
    folder = tmp_path_factory.mktemp("site") / "explorer"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "PAGE", page)
        explorer.write([EXPORTS / name for name in MODELS], folder)
    return folder


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Says nothing."""


class Served:
    """A folder behind an address of this machine, until it is stopped; port 0 takes a free one."""

    def __init__(self, folder, port=0):
        handler = functools.partial(_Quiet, directory=folder)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.address = f"http://localhost:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        """From now on nobody answers."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def address(site):
    """Where the explorer is served."""
    served = Served(site)
    yield served.address
    served.stop()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium: the one that is installed, else Playwright's own."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="drives the browser: pip install -e '.[test]'"
    )
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for found in map(shutil.which, names) if found), None)
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium starts on this machine: {str(error)[:200]}")
        yield browser
        browser.close()


@pytest.fixture
def look(browser, address):
    """A function that opens the page of a model, and returns once all of it was drawn.

    The page fails the test if it logged an error, or asked another host.
    """
    contexts, problems = [], []

    def open_page(model="conv_vae-mnist", at=address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)

        def require_own_host(request):
            if not request.url.startswith((at, "data:", f"blob:{at}")):
                problems.append(f"asked {request.url}")

        page.on("request", require_own_host)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else 0)
        page.goto(f"{at}?model={model}")
        page.wait_for_selector("body[data-ready=true]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture(scope="session")
def pixels():
    """A function: (page, selector of a canvas) -> ink, float [height, width] from 0 to 1."""
    import numpy as np

    code = """selector => {
      const canvas = document.querySelector(selector);
      const pen = canvas.getContext("2d");
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.height, canvas.width, ...data.filter((_, at) => at % 4 === 0)];
    }"""

    def read(page, selector):
        height, width, *values = page.evaluate(code, selector)
        return 1.0 - np.array(values, float).reshape(height, width) / 255

    return read
