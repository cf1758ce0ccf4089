"""Files of strings that tests write, and what a dataset has of them."""

import gzip

import numpy as np

MOLECULES = ["C", "CC", "CCO", "c1ccccc1", "C1CC1", "CC(=O)O", "[NH4+]", "BrCCl", "CS", "C#N"]
WORDS = list("abcdefghij")  # as many as a test set can be held out of


def written(folder, content, name="mine.smi"):
    """The path of a file with this content; packed where its name ends in .gz."""
    path = folder / name
    content = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def strings_of(data):
    """What a dataset holds, in any order."""
    known = data.schema.vocabulary
    rows = [split.batch(slice(None)).astype(int) for split in (data.train, data.test)]
    return sorted(known.text(row) for row in np.concatenate(rows))
