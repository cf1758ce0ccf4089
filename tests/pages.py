"""A page of a few bytes in the place of the explorer's built one, so that no test needs Node.js."""

import shutil

from zoo.explorer import writing


def small(folder):
    """Makes it, and gives its folder."""
    (folder / "runtime").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>small</title>")
    (folder / "assets" / "index-1.js").write_text("export const small = true;\n" * 100)
    for worker in ("service-worker.js", "removed-worker.js"):
        shutil.copy(writing.PAGE.parent / "web" / "public" / worker, folder / worker)
    for file in writing.RUNTIMES.values():
        (folder / file).write_bytes(b"runtime")
    return folder
