"""Molecules that a model of strings makes, drawn: samples, reconstructions, paths."""

import os

import numpy as np

from zoo.evaluation import generated_strings, string_figures
from zoo.evaluation.molecules import (
    canonical_strings,
    draw_molecules,
    nearest_molecules,
    reading,
    valid_fingerprints,
)

PAIRS, COLUMNS = 18, 3
"""Samples, or test molecules, each beside another, and pairs in a row."""

PATHS, STEPS = 4, 5

TRAIN = 50_000
"""Training molecules that are looked at for the nearest one, at most, evenly spaced."""

LONGEST = 26
"""Characters that are shown of a string that is no molecule."""


def draw(model, data, folder, seed=0):
    """Draws `reconstructions.png`, `interpolation.png` and `samples.png` into the folder.

    Args:
        data: what `zoo.datasets.binarize` gives, of strings that are molecules.
        seed: of the prior's samples.
    """
    reconstructions(model, data, folder)
    if len(data.test) >= 2:
        interpolation(model, data, folder)
    if model.generates:
        samples(model, data, seed, folder)


def reconstructions(model, data, folder):
    """Test molecules beside what their posterior means decode to greedily."""
    given, made = string_figures.reconstructed(model, data, data.schema.vocabulary, PAIRS)
    same = sum(one == other for one, other in zip(given, made, strict=True))
    pairs = list(zip(_smiles(data, given), _smiles(data, made), strict=True))
    legends = []
    for pair, text in zip(pairs, made, strict=True):
        legends += ["", _likeness(*pair, text)]
    draw_molecules(
        [each for pair in pairs for each in pair],
        folder / "reconstructions.png",
        legends,
        2 * COLUMNS,
        title=f"left: test molecules; right of each: its reconstruction, {same} of {len(given)} "
        "the same string",
        group=2,
    )


def interpolation(model, data, folder):
    """Straight lines in latent space between the posterior means of pairs of test molecules."""
    paths = min(PATHS, len(data.test) // 2)
    known = data.schema.vocabulary
    smiles, legends = [], []
    for first, made, last in string_figures.interpolated(model, data, known, paths, STEPS):
        smiles += _smiles(data, [first, *made, last])
        shares = (f"{share:.0%}" for share in np.linspace(0.0, 1.0, STEPS))
        legends += ["test molecule", *shares, "test molecule"]
    draw_molecules(
        smiles,
        folder / "interpolation.png",
        legends,
        STEPS + 2,
        title="latent interpolation between the posterior means of two test molecules a row",
        group=STEPS + 2,
    )


def samples(model, data, seed, folder):
    """Molecules drawn from the prior, each beside the nearest training molecule."""
    texts = string_figures.sampled(model, data.schema.vocabulary, seed, PAIRS)
    made = _smiles(data, texts)
    nearest, count = _nearest_in_training(made, data)
    smiles, legends, empty = [], [], []
    for text, one, other in zip(texts, made, nearest, strict=True):
        if other is None:
            empty.append(len(smiles) + 1)
        smiles += [one, other and other.smiles]
        legends += ["", _likeness(one, other.smiles, "")] if other else [_short(text), ""]
    of = "" if count == len(data.train) else f" of {count:,} of them"
    draw_molecules(
        smiles,
        folder / "samples.png",
        legends,
        2 * COLUMNS,
        title="left: samples from the prior; right of each: the nearest training molecule"
        f"{of}, by Tanimoto similarity",
        empty=empty,
        group=2,
    )


def _smiles(data, texts):
    return list(reading.as_smiles(data.schema, texts))


def _likeness(one, other, text):
    """How a molecule is like one that it is beside, of which the string was `text`."""
    pair = canonical_strings([one, other])
    if None in pair:
        return _short(text) if pair[1] is None else ""
    if pair[0] == pair[1]:
        return "the same" if one == other else "the same, spelt otherwise"
    (nearest,) = nearest_molecules([one], [other])
    return f"similarity {nearest.similarity:.2f}"


def _nearest_in_training(smiles, data):
    """(the nearest training molecule of each, or None; how many were looked at)."""
    places = np.linspace(0, len(data.train) - 1, min(len(data.train), TRAIN)).astype(int)
    texts = generated_strings.strings_of(data.schema, data.train.examples(places))
    train, jobs = _smiles(data, texts), os.cpu_count() or 1
    valid, rows = valid_fingerprints(train, jobs)
    train = [each for each, is_valid in zip(train, valid, strict=True) if is_valid]
    if not train:
        return [None] * len(smiles), len(places)
    return nearest_molecules(smiles, train, rows), len(places)


def _short(text):
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
