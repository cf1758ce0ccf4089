"""Rows of a replay as tables for people."""

import math
from collections.abc import Iterable, Sequence

from zoo.runtime.replay import Row


def summary(rows: Iterable[Row]) -> str:
    """A line for each endpoint in each runtime, as a table for people: its worst output and batch.

    The worst is the row that takes the largest share of its tolerance.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.runtime, row.endpoint), []).append(row)
    head = ("runtime", "endpoint", "outputs", "batches", "worst of them", "max abs", "max rel")
    lines = []
    for (runtime, endpoint), mine in groups.items():
        worst = max(mine, key=_share)
        differing = sum(not row.ok for row in mine)
        lines.append(
            (
                runtime,
                endpoint,
                str(len({row.output for row in mine})),
                " ".join(map(str, sorted({row.batch for row in mine}))),
                f"{worst.output} at {worst.batch}",
                f"{worst.max_abs:.1e}",
                f"{worst.max_rel:.1e}",
                worst.tolerance,
                f"{differing} DIFFER" if differing else "equal",
            )
        )
    return columns(((*head, "tolerance", "verdict"), *lines))


def _share(row: Row) -> float:
    """Of its tolerance that a row takes; infinite where there is none to take, or no number."""
    number, _, of = row.tolerance.partition(" ")
    error = row.max_abs if of in ("", "absolute") else row.max_rel
    if not row.ok:
        return math.inf
    return error / float(number) if of else 0.0


def table(rows: Iterable[Row], markdown: bool = False) -> str:
    """The rows as a table for people."""
    head = ("runtime", "endpoint", "output", "batch", "max abs", "max rel", "tolerance", "verdict")
    body = [
        (
            row.runtime,
            row.endpoint,
            row.output,
            str(row.batch),
            f"{row.max_abs:.1e}",
            f"{row.max_rel:.1e}",
            row.tolerance,
            "equal" if row.ok else "DIFFERS",
        )
        for row in rows
    ]
    if markdown:
        lines = [head, ("---",) * len(head), *body]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return columns((head, *body))


def columns(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first one the heading, as columns for people."""
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
