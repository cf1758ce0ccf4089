"""`zoo explorer`: artifacts as a folder of static files, whose graphs run in the browser."""

import shlex
from pathlib import Path

from zoo.command_line.printing import say


def add(commands):
    """Adds the command."""
    explorer = commands.add_parser(
        "explorer",
        help="artifacts as a page whose graphs run in the browser",
        description="Writes a folder that any static host serves: a page on which one walks "
        "through the latent space, and the artifacts whose graphs it runs, in the browser. Files "
        "are checked first; the folder appears whole or not at all.",
    )
    explorer.add_argument(
        "artifacts", metavar="ARTIFACT", nargs="+", help="its folder or its name; several may be"
    )
    explorer.add_argument(
        "--out", required=True, metavar="DIR", help="the folder to write; must not exist"
    )
    explorer.set_defaults(run=_run)


def _run(options):
    from zoo import explorer

    named = explorer.write(options.artifacts, options.out)
    size = sum(each.stat().st_size for each in Path(options.out).rglob("*") if each.is_file())
    say(f"Written to {options.out}: {', '.join(named)}; {size / 1e6:.1f} MB.")
    out = shlex.quote(str(options.out))
    say(
        "Copy it to any static host, or look at it here, at http://localhost:8000:",
        f"  python -m http.server --bind localhost --directory {out} 8000",
    )
    return 0
