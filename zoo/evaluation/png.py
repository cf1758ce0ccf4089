"""A figure as a small PNG."""

import io

from PIL import Image


def save(figure, path):
    """Writes a matplotlib figure, and closes it.

    In 256 colours: less than half the size, which an artifact carries wherever it goes.
    """
    import matplotlib.pyplot as plt

    with io.BytesIO() as drawn:
        figure.savefig(drawn, dpi=110, format="png")
        plt.close(figure)
        picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
