"""Strings that a model generates: how many are molecules, differ, and are new."""

import os

import numpy as np

from zoo.evaluation import chunks
from zoo.evaluation.molecules import canonical_strings, reading, spelling

GENERATED = 1000
"""Strings that are generated."""

BLOCK = 4096
"""Training strings that are read at once."""


def metrics(rows, data):
    """Measures generated strings: ({name: value}, how it was measured).

    - `valid`: the share that RDKit reads as molecules, where these are SMILES or SELFIES and RDKit
      is installed;
    - `unique`: the share of different ones, of molecules as canonical SMILES, among those that are
      valid, or among all where that is not known;
    - `novel`: the share of different ones that training has not, molecules however it spells them.

    What is a share of none is left out. How: the counts `generated`, `valid`, `different`, and
    RDKit's version.

    Args:
        rows: of tokens, [n, steps].
        data: whose schema the tokens are of, and whose training split is looked at.
    """
    texts = strings_of(data.schema, rows)
    found, how = {}, {"generated": len(texts), "rdkit": None}
    if reading.are_read(data.schema):
        read = canonical_strings(list(reading.as_smiles(data.schema, texts)), _jobs())
        texts = [each for each in read if each is not None]
        found["valid"] = len(texts) / how["generated"]
        how |= {"valid": len(texts), "rdkit": _version()}
    different = set(texts)
    how["different"] = len(different)
    if different:
        found["unique"] = len(different) / len(texts)
        found["novel"] = 1.0 - len(known(different, data)) / len(different)
    return found, how


def known(texts, data):
    """Those of a set of strings, of molecules canonical SMILES, that training has: a set."""
    train = training_strings(data)
    if reading.are_read(data.schema):
        return spelling.among(texts, reading.as_smiles(data.schema, train), _jobs())
    return texts.intersection(train)


def training_strings(data):
    """Yields the strings of the training split, in order."""
    for indices in chunks.of(len(data.train), BLOCK):
        yield from strings_of(data.schema, data.train.examples(indices))


def strings_of(schema, rows):
    """The strings of rows of tokens [n, steps], in a list."""
    text = schema.vocabulary.text
    return [text(row) for row in np.rint(np.asarray(rows)).astype(int).tolist()]


def statement(found, how):
    """Of which strings each share is, in one sentence part."""
    last = how["first_seed"] + how["generated"] - 1
    all_of_them = f"{how['generated']:,} generated strings, seeds {how['first_seed']} to {last}"
    said = [f"unique of {all_of_them}"]
    if "valid" in found:
        said = [f"valid of {all_of_them}, read by RDKit {how['rdkit']}"]
        if "unique" in found:
            said.append(f"unique, as canonical SMILES, of the {how['valid']:,} valid ones")
    if "novel" in found:
        said.append(f"novel of the {how['different']:,} different ones")
    return "; ".join(said)


def _version():
    import rdkit

    return rdkit.__version__


def _jobs():
    return os.cpu_count() or 1
