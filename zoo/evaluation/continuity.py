"""Whether a latent space is without tears: neighbours stay neighbours, short steps change little.

Nothing here needs a model of the zoo: codes are arrays, a decoder is any function of them. What has
no decoder, such as t-SNE, has the first two figures alone.
"""

import numpy as np
from sklearn.manifold import trustworthiness

from zoo.errors import InputError


def neighbourhoods(data, codes, neighbours=10):
    """Yields `trustworthiness` and `continuity`, each at most 1 and near 0.5 by chance.

    Trustworthiness falls with points that are close in the codes and far in the data; continuity,
    its mirror, with points that are close in the data and far in the codes (Venna & Kaski 2001,
    "Neighborhood preservation in nonlinear projection methods"). Distances are Euclidean; the
    figures depend on n and on `neighbours`, which belong beside them.

    Args:
        data: [n, *event].
        codes: [n, latent], of the same examples.
        neighbours: size of a neighbourhood, less than n / 2.
    """
    data, codes = (np.asarray(values).reshape(len(values), -1) for values in (data, codes))
    if len(data) != len(codes):
        raise InputError(f"{len(data)} examples and {len(codes)} codes: give one code an example.")
    if not 1 <= neighbours < len(data) / 2:
        raise InputError(
            f"neighbours={neighbours} of {len(data)} examples: give from 1 to below half of them."
        )
    yield "trustworthiness", float(trustworthiness(data, codes, n_neighbors=neighbours))
    yield "continuity", float(trustworthiness(codes, data, n_neighbors=neighbours))


def smoothness(decode, codes, seed=0, pairs=500, share=0.1, steps=20):
    """Yields `step_change` and `largest_step`: 1 for an affine decoder, 0 for a constant one.

    Both compare changes of the decoded event (Euclidean) with each other, and step along
    differences of codes. So no affine change of the latent space alters them, and spaces of
    different scales can be compared.

    `step_change`: from one code, a step of `share` of the difference of two others; how much the
    event changes, over `share` of what it changes between two codes, on average. Above 1 the
    decoder does much of its work in short steps.

    `largest_step`: on the straight line between two codes in `steps` equal steps, the largest
    change over the mean one, averaged over the lines that change at all: from 1, an even way, to
    `steps`, one leap.

    Args:
        decode: [n, latent] -> [n, *event].
        codes: [n, latent] of examples, two or more.
        seed: of which codes are paired.
    """
    codes = np.asarray(codes)
    if len(codes) < 2:
        raise InputError(f"{len(codes)} codes: steps between codes need 2 or more.")
    start, one, other = np.random.default_rng(seed).integers(0, len(codes), (3, pairs))
    short = share * (codes[other] - codes[one])
    near = _change(decode, codes[start], codes[start] + short)
    far = _change(decode, codes[one], codes[other])
    yield "step_change", _ratio(near.mean(), share * far.mean())
    along = np.linspace(0.0, 1.0, steps + 1, dtype=codes.dtype)[None, :, None]
    line = codes[one, None] * (1 - along) + codes[other, None] * along
    events = _flat(decode(line.reshape(-1, codes.shape[1]))).reshape(pairs, steps + 1, -1)
    changes = np.linalg.norm(np.diff(events, axis=1), axis=-1)
    moved = changes[changes.sum(axis=1) > 0]
    leaps = moved.max(axis=1) / moved.mean(axis=1)
    yield "largest_step", float(leaps.mean()) if len(leaps) else 0.0


def _change(decode, before, after):
    """Distances between decoded events: [n, latent] twice -> [n]."""
    return np.linalg.norm(_flat(decode(after)) - _flat(decode(before)), axis=1)


def _flat(events):
    return np.asarray(events, np.float32).reshape(len(events), -1)


def _ratio(change, reference):
    return float(change / reference) if reference > 0 else 0.0
