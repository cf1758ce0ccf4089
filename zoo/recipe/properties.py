"""`--properties`: what RDKit computes of molecules, or columns of the user's csv, for the head."""

import difflib
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

from zoo.datasets.base import Reason
from zoo.datasets.properties import with_properties
from zoo.errors import DatasetError, InputError

OF_RDKIT = ("logP", "QED", "SA", "weight")
"""As `zoo.evaluation.molecules.descriptors` has them."""


def attached(config, data):
    """The dataset with the properties that were asked for, and a `Reason` of each.

    A name that RDKit computes is taken for that, unless the user's own table has such a column.

    Raises:
        InputError: for data that is not of strings, or a name that is neither.
        DatasetError: for a column without numbers.
        MissingDependency: where RDKit is wanted and not installed.
    """
    if not config.properties:
        return data, ()
    if not data.schema.tokens:
        raise InputError(
            f"properties={' '.join(config.properties)}: of strings alone, and {data.name} has "
            f"{data.schema.kind}s. Leave --properties out."
        )
    columns = _columns(config)
    train, test, reasons = {}, {}, []
    strings = {part: _strings(getattr(data, part), data.schema) for part in ("train", "test")}
    computed, wanted = {}, [each for each in OF_RDKIT if each in config.properties]
    for name in dict.fromkeys(config.properties):
        if name in columns:
            values = _of_column(config, data, name)
            why = "a column of the table"
        elif name in OF_RDKIT and data.schema.tokenizer != "characters":
            computed = computed or {
                part: _computed(each, wanted, data) for part, each in strings.items()
            }
            values, why = None, "computed by RDKit"
        else:
            raise InputError(_unknown(name, columns, data))
        for part, into in (("train", train), ("test", test)):
            if values is None:
                into[name] = computed[part][name]
            else:
                into[name] = np.array([values.get(text, np.nan) for text in strings[part]])
        known = np.isfinite(train[name]).mean()
        reasons.append(Reason("property", name, f"{why}, known of {known:.1%}"))
    return with_properties(data, train, test), tuple(reasons)


def head(config, data):
    """{"property_head": a `PropertyHead`}, as `zoo.catalog` takes it; {} where none was asked."""
    if not data.properties:
        return {}
    import zoo

    values = dict(zip(data.properties, data.train.properties.T, strict=True))
    made = zoo.catalog.property_head(values, config.latent, weight=config.property_weight)
    return {"property_head": made}


def _strings(split, schema):
    """The strings of a split, as they were cut into tokens."""
    rows = np.asarray(split.images)
    return [schema.vocabulary.text(row) for row in rows.astype(np.int64).tolist()]


def _computed(strings, names, data):
    from zoo.evaluation import molecules

    if data.schema.tokenizer == "selfies":
        import selfies

        strings = [selfies.decoder(text) for text in strings]
    return molecules.descriptors(strings, names=names)


def _columns(config):
    """Names of the columns of the user's table; () where the data is none."""
    from zoo.datasets.strings import lines

    path = Path(config.dataset).expanduser()
    if lines.suffix(path) not in lines.TABLES:
        return ()
    return lines.columns(path)


def _of_column(config, data, name):
    """{string: number} of a column; of a string that is there twice the mean."""
    from zoo.datasets.strings import lines, molecules

    path, found = Path(config.dataset).expanduser(), defaultdict(list)
    numbers = {line.number: line.text for line in lines.read(path, name)}
    convert = None
    if data.schema.tokenizer == "selfies" and (config.column or "").lower() != "selfies":
        convert = molecules.to_selfies
    for line in lines.read(path, config.column):
        number = _number(numbers.get(line.number))
        if line.text is not None and number is not None:
            found[convert(line.text) if convert else line.text].append(number)
    if not found:
        raise DatasetError(f"The column {name!r:.60} of {path.name} holds no number.")
    return {text: float(np.mean(numbers)) for text, numbers in found.items()}


def _number(cell):
    try:
        number = float(cell or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _unknown(name, columns, data):
    there = [*columns]
    if data.schema.tokenizer != "characters":
        there += OF_RDKIT
    if not there:
        return (
            f"properties={name}: {data.name} has strings of characters, of which RDKit computes "
            "nothing, and is no table with columns. Give a .csv with --column, or leave "
            "--properties out."
        )
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in there], n=1)
    close = [each for each in there if each.lower() in near]
    did = f" Did you mean {close[0]}?" if close else ""
    return f"properties={name}: unknown; there are {', '.join(there)}.{did}"
