"""Small tables as files."""

import numpy as np

ROWS = 60


def lines(**changes):
    """A .csv of `ROWS` rows with columns of every kind, some replaced, added, or left out by None.

    A change is a list of values, or a function of the row's number.
    """
    random = np.random.default_rng(0)
    columns = {
        "age": [f"{value:.1f}" for value in random.normal(40, 10, ROWS)],
        "city": [("Oslo", "Bergen", "Moss")[row % 3] for row in range(ROWS)],
        "visits": [str(value) for value in random.poisson(40, ROWS)],
    }
    for name, given in changes.items():
        if given is None:
            columns.pop(name)
        else:
            columns[name] = [given(row) for row in range(ROWS)] if callable(given) else given
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


def write(folder, content, name="sales.csv"):
    """The path of a file with the text, or the bytes."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
