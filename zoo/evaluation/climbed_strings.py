"""What `optimise` found, where z decodes to strings: whether it is new, a molecule, and better.

Strings that are no molecules, and molecules without RDKit, are what they are to the letter.
"""

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

    Of molecules `valid` of 1, `unique` of the valid, `novel` of the unique, by canonical SMILES
    against `train`; where RDKit computes the property, its mean `computed_start` and `computed`,
    and `computed_best`. Of other strings `unique` of all and `novel` of the unique. Nothing of what
    are no strings.
    """
    if not found.strings:
        return
    read = _read(found, found.strings)
    valid, known = [each for each in read if each is not None], {*_read(found, train)}
    unique = {*valid}
    if found.molecules:
        yield "valid", len(valid) / len(read)
    yield "unique", len(unique) / max(1, len(valid))
    yield "novel", len(unique - known) / max(1, len(unique))
    if _is_computed(found):
        start = _computed(found.start_strings, found.name)
        end = _computed(found.strings, found.name)
        yield "computed_start", float(np.nanmean(start))
        yield "computed", float(np.nanmean(end))
        yield "computed_best", float(np.nanmax(end) if found.maximise else np.nanmin(end))


def best(found, count, train=()):
    """Rows of an `Optimised`: strings that are new, each once, those of the best property first.

    By what RDKit computes where it does, else by what is predicted.
    """
    read, seen = _read(found, found.strings), {None, *_read(found, train)}
    value = found.predicted
    if _is_computed(found):
        value = _computed(found.strings, found.name)
    rows = []
    for row in np.argsort(-value if found.maximise else value).tolist():
        if read[row] not in seen and np.isfinite(value[row]):
            seen.add(read[row])
            rows.append(row)
    return rows[:count]


def draw(found, path, count=12, train=()):
    """A PNG: the `best` molecules, each right of what it was climbed from, with their property."""
    if not found.molecules:
        raise InputError(
            "What was found are no molecules that RDKit could draw: read its strings, in the order "
            "of its best()."
        )
    rows = best(found, count, train)
    if not rows:
        raise InputError("Nothing that was found is a molecule and new: there is nothing to draw.")
    computed = _is_computed(found)
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


def _read(found, strings):
    """Molecules as canonical SMILES, None where they are none; other strings as they are."""
    return molecules.canonical_strings(list(strings)) if found.molecules else list(strings)


def _is_computed(found):
    return found.molecules and found.name in _OF_RDKIT


def _computed(strings, name):
    return molecules.descriptors(list(strings), names=(name,))[name]
