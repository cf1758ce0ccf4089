"""Ticks of a logarithmic axis that stay apart: few, and as plain numbers."""

import matplotlib.ticker

WIDE = 100.0
"""Largest over smallest, from which powers of ten alone are enough ticks."""


def set_ticks(axis, low, high):
    """Ticks at powers of ten, or at 1, 2 and 5 times these where the axis is short.

    Args:
        axis: of Matplotlib, x or y, logarithmic.
        low, high: the ends of what is drawn, both above 0.
    """
    within = (1.0,) if high > WIDE * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(matplotlib.ticker.LogLocator(subs=within, numticks=6))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())
