"""An anomaly score of pictures: the nats that one costs beyond what normal ones of its detail cost.

What a picture costs, -ELBO, grows with how much there is to see on it, so that a simple picture of
an unknown kind costs less than a rich one of a known kind (Nalisnick et al. 2019, "Do Deep
Generative Models Know What They Don't Know?"). Serrà et al. 2020, "Input complexity and
out-of-distribution detection with likelihood-based generative models", equation 2, subtract the
length of a compressed file from it. Here a line, fitted to normal pictures, says what is to be
subtracted, and the measure of detail is their total variation: of ink the length of its contours,
in pixels.
"""

from typing import Any, Protocol

import numpy as np

from zoo.errors import InputError

FEWEST = 30
"""Normal pictures that a line is fitted to, at least."""

_BATCH = 250


class Scored(Protocol):
    """What `Excess` asks of an artifact."""

    def score(self, x: np.ndarray) -> Any:
        """A named tuple with `elbo`, [batch]."""


class Excess:
    """-ELBO(x) less that of normal pictures of as much total variation: a callable.

    Attributes:
        base, slope: of the line, nats and nats per unit of total variation.

    Args:
        vae: an artifact of `zoo.load` whose `score` gives an `elbo` and takes x alone.
        normal: pictures of the normal kind that the model was not trained on, a few hundred or
            more, as `score` takes them: [n, height, width, channels].

    Raises:
        InputError: fewer than `FEWEST`, no pictures, all of one total variation, an ELBO that is
            not finite, or none.
    """

    def __init__(self, vae: Scored, normal: np.ndarray):
        self.vae = vae
        normal = np.asarray(normal)
        if len(normal) < FEWEST:
            raise InputError(
                f"{len(normal)} normal pictures were given: what they cost is fitted to {FEWEST} "
                "or more, better to a few hundred that the model was not trained on."
            )
        detail = total_variation(normal)
        if not hasattr(vae.score(normal[:1]), "elbo"):
            raise InputError(
                "Its `score` gives no elbo, as a plain autoencoder's: an excess is one of a bound "
                "on log p(x). Give the artifact of a VAE."
            )
        cost = self._cost(normal)
        if not np.isfinite(cost).all():
            where = int(np.flatnonzero(~np.isfinite(cost))[0])
            raise InputError(
                f"The -ELBO of normal picture {where} is {cost[where]}: give pictures in the range "
                "that `score` takes."
            )
        if np.ptp(detail) == 0.0:
            raise InputError(
                f"All normal pictures have a total variation of {detail[0]:g}: a line needs "
                "pictures of more and of less detail."
            )
        self.slope, self.base = (float(each) for each in np.polyfit(detail, cost, 1))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Nats beyond what is normal, below 0 for what costs less: float64 [n]."""
        x = np.asarray(x)
        return self._cost(x) - (self.base + self.slope * total_variation(x))

    def _cost(self, x: np.ndarray) -> np.ndarray:
        parts = [
            np.asarray(self.vae.score(x[first : first + _BATCH]).elbo, np.float64)
            for first in range(0, len(x), _BATCH)
        ]
        return -np.concatenate([np.empty(0), *parts])


def total_variation(x: np.ndarray) -> np.ndarray:
    """Sums of the differences between neighbours in rows and in columns: float64 [n].

    The anisotropic total variation (Rudin, Osher & Fatemi 1992 have the isotropic one). Pictures
    are [n, height, width, channels].

    Raises:
        InputError: if they are of another shape.
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 4:
        raise InputError(
            f"x has the shape {list(x.shape)}: wanted are pictures, [n, height, width, channels]."
        )
    rows, columns = (np.abs(np.diff(x, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2))
    return np.asarray(rows + columns)
