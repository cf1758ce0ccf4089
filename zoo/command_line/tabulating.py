"""`zoo columns`: what the columns of a table are taken for, to be edited."""

import os
import sys
from pathlib import Path

from zoo.command_line.printing import say
from zoo.errors import InputError


def add(commands):
    """Adds the command to the parser's."""
    columns = commands.add_parser(
        "columns",
        help="what a table's columns are taken for, and why, as a columns.yaml (needs the training "
        "stack)",
    )
    columns.add_argument("table", metavar="FILE", help="a .csv, .tsv, .parquet or .npz, or wine")
    columns.add_argument(
        "--out", type=Path, metavar="FILE", help="where it is written; default: standard output"
    )
    columns.add_argument(
        "--columns", type=Path, metavar="FILE", help="a columns.yaml that says so of some already"
    )
    columns.add_argument("--replace", action="store_true", help="replace what lies at --out")
    columns.set_defaults(run=_columns)


def _columns(options):
    import zoo
    from zoo import atomic_write

    if options.out is not None and os.path.lexists(options.out) and not options.replace:
        raise InputError(f"{options.out} is there already. Pass --replace to write it anew.")
    text = zoo.datasets.columns_of(options.table, options.columns)
    if options.out is None:
        say(*text.splitlines())
        return 0
    with atomic_write.whole(options.out, "w", encoding="utf-8") as file:
        file.write(text)
    say(f"Written: {options.out}. Edit it, and train with --columns {options.out}.", to=sys.stderr)
    return 0
