"""Whether data is what a model's likelihood describes and its conditions count: refused if not."""

import numpy as np

from zoo.errors import InputError

ROWS = 500
"""Examples that are looked at at a time."""


def require_described(model, data):
    """Raises unless a model can be trained and evaluated on some data.

    Reads every example where the schema does not say already what its values are.

    Args:
        model: a `LatentModel`.
        data: what `zoo.datasets.binarize` gives, of events as the model takes them.

    Raises:
        InputError: for data of another range, of values that the likelihood does not have, with
            the first of them, or of conditions that the model does not count.
        DatasetError: for data without a condition that the model takes.
    """
    _require_range(model, data)
    _require_columns(model, data)
    if data.schema.missing and not model.likelihood.marks_known:
        raise InputError(
            f"{data.name} lacks some of its values, and {model.name}'s {model.likelihood.family} "
            "likelihood knows of no missing ones. Build the model with "
            "zoo.likelihoods.of_schema('normal', data.schema)."
        )
    if model.properties and data.properties != model.properties:
        raise InputError(
            f"{model.name} predicts {', '.join(model.properties)}, and {data.name} has "
            f"the properties {', '.join(data.properties) or 'none'}. Give it these, in this order: "
            "--properties, or zoo.datasets.with_properties."
        )
    spacing, family = model.likelihood.spacing, model.likelihood.family
    for part in ("train", "test"):
        split = getattr(data, part)
        if spacing and data.binarization == "none" and not _says_so(data.schema, spacing):
            _require_spacing(split, spacing, data.name, family)
        _require_possible(split, model.likelihood, f"{data.name}, {part} split")
        _require_conditions(split, model, data.name)


def _says_so(schema, spacing):
    """Whether a schema states that values are multiples of a number."""
    if schema.spacing is None or schema.low != 0.0:
        return False
    times = schema.spacing / spacing
    return round(times) >= 1 and abs(times - round(times)) < 1e-6


def _require_range(model, data):
    low, high = model.likelihood.support
    if data.range[0] < low or data.range[1] > high:
        raise InputError(
            f"{data.name} has values in {list(data.range)}; the {model.likelihood.family} "
            f"likelihood describes values in {[low, high]}. Rescale the data, or build the model "
            "with another: likelihood=zoo.likelihoods.of_schema('normal', data.schema) of real "
            "numbers, where data is zoo.datasets.from_arrays(x)."
        )


def _require_columns(model, data):
    """Refuses a table of other columns than the likelihood's: a code would mean another word."""
    wanted, given = model.likelihood.columns, data.schema.columns
    for place, (mine, theirs) in enumerate(zip(wanted, given, strict=False)):
        for what in ("name", "kind", "words", "origin"):
            one, other = getattr(mine, what), getattr(theirs, what)
            if one != other:
                raise InputError(
                    f"{model.name} was built for a column {place} whose {what} is {one!r:.80}, and "
                    f"in {data.name} it is {other!r:.80}. Give data of the same columns, read with "
                    "the same columns.yaml, or build the model anew, with "
                    "zoo.likelihoods.of_schema('auto', data.schema)."
                )
    if len(wanted) != len(given):
        raise InputError(
            f"{data.name} has {_columns(given)}; {model.name}'s likelihood is of "
            f"{_columns(wanted)}. Build the model with zoo.likelihoods.of_schema('auto', "
            "data.schema)."
        )


def _columns(columns):
    return f"{len(columns)} columns of a table" if columns else "no columns of a table"


def _require_spacing(split, spacing, name, family):
    """Refuses values that are no multiples of a likelihood's spacing."""
    for rows in _parts(split):
        x = split.examples(rows)
        steps = x / np.float32(spacing)
        off = np.abs(steps - np.rint(steps)) > 1e-2
        if off.any():
            wanted = "whole numbers" if spacing == 1.0 else "8-bit values, multiples of 1/255"
            raise InputError(
                f"{name} has the value {x[off][0]:g}; the {family} likelihood describes {wanted}. "
                "Binarize or round the data, or take another likelihood: continuous_bernoulli, "
                "normal and laplace describe values in between."
            )


def _require_possible(split, likelihood, where):
    """Refuses the first row that the likelihood takes for none that can be."""
    for rows in _parts(split):
        found = likelihood.impossible(split.examples(rows))
        if found is not None:
            row, said = found
            raise InputError(f"{where}: row {rows[row]:,} (from 0 on) {said}.")


def _require_conditions(split, model, name):
    for condition, count in model.conditions.items():
        values = split.condition(condition)
        if len(values) and not (values.min() >= 0 and values.max() < count):
            raise InputError(
                f"{name} has {condition}s from {values.min()} to {values.max()}; the model takes 0 "
                f"to {count - 1}."
            )


def _parts(split):
    return (np.arange(at, min(at + ROWS, len(split))) for at in range(0, len(split), ROWS))
