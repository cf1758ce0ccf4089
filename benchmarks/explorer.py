"""The explorer from a cold cache: seconds to its first picture, and bytes.

Run:       python benchmarks/explorer.py [ARTIFACT ...] [--rounds 5]
Needs:     pip install -c constraints.txt -e ".[test]", a Chromium, and the page (make page)
Cost:      some 10 seconds a round and artifact

Each round of an artifact is a new process of the browser with an empty cache, on as many cores as
there are; `zoo serve` is on the same ones, so that no network is in it. Artifacts take turns. The
clock is the browser's own, from the navigation on: the first picture is what the first seed draws,
of molecules the first that is drawn among it and its neighbours; ready is a page that was drawn to
its end. Bytes are those of the files that the explorer has, as they are sent at most: the page and
its runtimes without the artifact, and what is fetched until it is ready alone.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from zoo import explorer

ARTIFACTS = ["exports/conv_vae-mnist", "exports/molecule_vae-qm9"]
PICTURE = "#sample[data-seed], #sample[data-row]"
MOLECULE = "#seeds .drawing svg"
WATCH = """
window.seen = {};
const watched = %s;
new MutationObserver(() => {
  for (const [name, selector] of Object.entries(watched)) {
    if (!(name in seen) && document.querySelector(selector)) seen[name] = performance.now() / 1000;
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def main():
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", nargs="*", default=ARTIFACTS, help="folders or names")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for found in map(shutil.which, names) if found), None)
    seen = {}
    with served(options.artifacts) as (address, artifacts), sync_playwright() as playwright:
        for _ in range(options.rounds):
            for name in artifacts:
                browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                seen.setdefault(name, []).append(looked(browser, f"{address}/?model={name}"))
                version = browser.version
                browser.close()
    print("| artifact | first picture, s | slowest | ready, s | fetched, MB |")
    print("|---|---|---|---|---|")
    for name, rounds in seen.items():
        picture = [each["picture"] for each in rounds]
        ready = statistics.median(each["ready"] for each in rounds)
        fetched = max(each["bytes"] for each in rounds) / 1e6
        print(
            f"| {name} | {statistics.median(picture):.2f} | {max(picture):.2f} | {ready:.2f} "
            f"| {fetched:.1f} |"
        )
    with tempfile.TemporaryDirectory() as place:
        explorer.write(options.artifacts, Path(place) / "out")
        files = [each for each in (Path(place) / "out").rglob("*") if each.is_file()]
        page = sum(e.stat().st_size for e in files if "artifacts" not in e.parts)
    print(f"\nPage and runtimes: {page / 1e6:.1f} MB.")
    cores = len(os.sched_getaffinity(0))
    print(f"Medians of {options.rounds} rounds; Chromium {version}, {cores} cores.")


@contextlib.contextmanager
def served(artifacts):
    """`zoo serve` of artifacts at a free port, once its explorer is there: (address, names)."""
    command = [sys.executable, "-m", "zoo", "serve", *artifacts, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        told = {}
        for line in server.stdout:
            told |= json.loads(line)
            if told["event"] == "explorer":
                break
        threading.Thread(target=server.stdout.read, daemon=True).start()  # or it would wait
        yield told["address"], told["artifacts"]
        server.send_signal(signal.SIGTERM)


def looked(browser, address):
    """{"picture", "ready": seconds, "bytes": of bodies, as they were sent} of one visit."""
    page = browser.new_context().new_page()
    sizes = []
    page.context.on("response", lambda each: sizes.append(length(each)))
    picture = MOLECULE if "molecule" in address else PICTURE
    page.add_init_script(WATCH % json.dumps({"picture": picture, "ready": "body[data-ready=true]"}))
    page.goto(address)
    for selector in (picture, "body[data-ready=true]"):
        page.wait_for_selector(selector, timeout=60_000, state="attached")
    return page.evaluate("seen") | {"bytes": sum(sizes)}


def length(response):
    """Bytes of a body as the server sent it; none of what the page made itself (blob:)."""
    own = response.url.startswith("blob:")
    return 0 if own else int(response.headers.get("content-length", 0))


if __name__ == "__main__":
    main()
