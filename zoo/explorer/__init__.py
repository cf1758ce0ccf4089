"""The explorer: artifacts as a folder of static files, whose graphs run in the browser.

The page is written in JavaScript (`web/`), built by vite into `page/`, and shipped in the wheel.
"""

from zoo.explorer.showing import show
from zoo.explorer.writing import is_built, lacks, write

__all__ = ["is_built", "lacks", "show", "write"]
