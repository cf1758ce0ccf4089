"""What `optimise` found, where z decodes to strings: whether it is new, a molecule, and better."""

import numpy as np
from keras import ops

from zoo.artifact.tokens import MODE
from zoo.errors import InputError
from zoo.evaluation import molecules
from zoo.evaluation.molecules import reading

CHUNK = 256
_OF_RDKIT = ("logP", "SA", "QED", "weight")


def decoded(model, z, schema):
    """The strings of z [n, latent], decoded greedily: a tuple of n; SELFIES as SMILES, or None."""
    made, vocabulary = [], schema.vocabulary
    for first in range(0, len(z), CHUNK):
        rows = model.decode(ops.convert_to_tensor(z[first : first + CHUNK]))[MODE]
        made += [vocabulary.text(row) for row in ops.convert_to_numpy(rows).tolist()]
    return tuple(reading.as_smiles(schema, made))


def metrics(found, train=()):
    """(name, value) of an `Optimised`'s strings.

    `valid` of 1, `unique` of the valid, `novel` of the unique, by canonical SMILES against `train`;
    where RDKit computes the property, its mean `computed_start` and `computed`, of molecules alone,
    and `computed_best`. Nothing of what are no strings.
    """
    if not found.strings:
        return
    canonical = molecules.canonical_strings(found.strings)
    valid = [each for each in canonical if each]
    known = {each for each in molecules.canonical_strings(list(train)) if each}
    unique = {*valid}
    yield "valid", len(valid) / len(canonical)
    yield "unique", len(unique) / max(1, len(valid))
    yield "novel", len(unique - known) / max(1, len(unique))
    if found.name in _OF_RDKIT:
        start = _computed(found.start_strings, found.name)
        end = _computed(found.strings, found.name)
        yield "computed_start", float(np.nanmean(start))
        yield "computed", float(np.nanmean(end))
        yield "computed_best", float(np.nanmax(end) if found.maximise else np.nanmin(end))


def best(found, count, train=()):
    """Rows of an `Optimised`: molecules that are new, each once, those of the best property first.

    By what RDKit computes where it does, else by what is predicted.
    """
    canonical = molecules.canonical_strings(found.strings)
    known = {each for each in molecules.canonical_strings(list(train)) if each}
    value = _computed(found.strings, found.name) if found.name in _OF_RDKIT else found.predicted
    order = np.argsort(-value if found.maximise else value)
    rows, seen = [], set(known)
    for row in order.tolist():
        if canonical[row] and canonical[row] not in seen and np.isfinite(value[row]):
            seen.add(canonical[row])
            rows.append(row)
    return rows[:count]


def draw(found, path, count=12, train=()):
    """A PNG: the `best` molecules, each right of what it was climbed from, with their property."""
    rows = best(found, count, train)
    if not rows:
        raise InputError("Nothing that was found is a molecule and new: there is nothing to draw.")
    computed = found.name in _OF_RDKIT
    strings, legends = [], []
    for text, values, word in (
        (found.start_strings, found.start_predicted, "from"),
        (found.strings, found.predicted, "to"),
    ):
        shown = _computed(text, found.name) if computed else values
        strings.append([text[row] for row in rows])
        legends.append([f"{word} {found.name} {shown[row]:.2f}" for row in rows])
    pairs = [each for pair in zip(*strings, strict=True) for each in pair]
    texts = [each for pair in zip(*legends, strict=True) for each in pair]
    return molecules.draw_molecules(pairs, path, texts, columns=6, group=2)


def _computed(strings, name):
    return molecules.descriptors(list(strings), names=(name,))[name]
