"""A likelihood of a row of a table: a law for each column, by its kind."""

import keras
import numpy as np
from keras import ops

from zoo import noise as seeded
from zoo.artifact.columns import COUNT, WORDS, Column, numbers_first
from zoo.artifact.endpoints import BATCH, FEATURE, NATS, PROBABILITY, WHOLE, Tensor
from zoo.errors import InputError
from zoo.likelihoods import columns_seen, independent_columns
from zoo.likelihoods.base import Likelihood
from zoo.likelihoods.count_columns import CountColumns, is_small
from zoo.likelihoods.real_columns import RealColumns
from zoo.likelihoods.word_columns import WordColumns

NUMBERS, CATEGORIES = "numbers", "categories"
MEANS, MODES, PROBABILITIES = "numbers_mean", "categories_mode", "probabilities"
"""What `decode` answers; not what it is given, since in a graph a name is one tensor."""
CONTRIBUTION = "contribution"


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Columns(Likelihood):
    """Independent columns given z; what is missing (NaN) counts for nothing.

    Real numbers and dates are normal, or their logarithms are (`RealColumns`); counts are negative
    binomial (`CountColumns`), and large ones, see `is_small`, are taken for real numbers: a density
    of whole numbers that lie close is their mass; words have probabilities (`WordColumns`).
    `decode` answers `numbers_mean`, the likeliest codes as `categories_mode`, and the
    `probabilities` of all words of all columns, side by side; `generate` draws rows, as `numbers`
    and `categories`.

    x [batch, columns] is laid out as `zoo.artifact.columns` says: the numbers, then the codes of
    words; the contract's tensors are `numbers` and `categories`, those of the two that there are. A
    row with what no value is, such as the code of no word, a count below 0, or a number of 0 or
    less where logarithms are taken, is none that is `possible`: it is answered by NaN.

    Args:
        columns: of the table, in its own order, each a `zoo.artifact.columns.Column` or its dict.
        any_missing: whether the endpoints take rows in which a value of any column is missing: so
            they should where training hides values of all of them from the encoder. Otherwise only
            those columns may miss values that say so, as the training set did.

    Raises:
        InputError: for no column.
    """

    family = "columns"
    draws_generated = True
    network_value = None

    def __init__(self, columns, any_missing=False, **kwargs):
        super().__init__(**kwargs)
        self.any_missing = any_missing
        self.columns = tuple(
            each if isinstance(each, Column) else Column.from_json(each) for each in columns
        )
        if not self.columns:
            raise InputError("columns=(): give one column or more.")
        self.order = numbers_first(self.columns)
        placed = [self.columns[place] for place in self.order]
        self.numbers = [each for each in placed if each.is_number]
        self.words = [each for each in placed if not each.is_number]
        self.laws, self.places = [], []
        for belongs, make in _LAWS:
            mine = [place for place, each in enumerate(placed) if belongs(each)]
            if mine:
                self.laws.append(make([placed[place] for place in mine]))
                self.places.append(mine)
        flat = [place for places in self.places for place in places]
        self._from_laws = np.argsort(flat).astype(np.int32)  # of the laws' columns to x's
        self._to_table = np.argsort(self.order).astype(np.int32)

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        if not self.numbers:
            return "a probability mass"
        counted = ", and a probability mass of the other columns" * any(
            map(_has_mass, self.columns)
        )
        return f"a density of real numbers, which depends on their units{counted}"

    def build(self, input_shape=None):
        if input_shape is not None and tuple(input_shape[1:]) != (len(self.columns),):
            raise InputError(
                f"The likelihood is of {len(self.columns)} columns, the data has events of shape "
                f"{list(input_shape[1:])}."
            )
        for law in self.laws:
            if not law.built:
                law.build()
        self.built = True

    # --- what lies on either side of the networks ----------------------------------------------

    def example(self, event_shape):
        given = {NUMBERS: ("float32", len(self.numbers)), CATEGORIES: ("int32", len(self.words))}
        return tuple(
            Tensor(name, dtype, (BATCH, count), missing=self.any_missing)
            for name, (dtype, count) in given.items()
            if count
        )

    def join(self, given):
        parts = [ops.cast(given[NUMBERS], "float32")] if self.numbers else []
        if self.words:
            codes = ops.convert_to_tensor(given[CATEGORIES])
            missing = 1.0 - ops.cast(ops.equal(codes, -1), "float32")
            # 0 / 0 is NaN in every runtime, and c / 1 is c.
            parts.append(ops.cast(codes, "float32") * missing / missing)
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)

    def split(self, x):
        count, given = len(self.numbers), {}
        if count:
            given[NUMBERS] = np.asarray(x[:, :count], np.float32)
        if self.words:
            codes = np.asarray(x[:, count:])
            given[CATEGORIES] = np.where(np.isnan(codes), -1, np.nan_to_num(codes)).astype(np.int32)
        return given

    def possible(self, x):
        return ops.min(self._possible_values(x), axis=-1)

    def _possible_values(self, x):
        """1 for each value that can be, or is missing, else 0: int32, shaped as x."""
        x = ops.cast(x, "float32")
        found = [
            ops.cast(ops.logical_or(ops.isnan(part), law.possible(part)), "int32")
            for law, part in zip(self.laws, self.parts(x), strict=True)
        ]
        return self._in_order(found)

    def impossible(self, x):
        bad = ops.convert_to_numpy(self._possible_values(ops.convert_to_tensor(x))) == 0
        if not bad.any():
            return None
        row, place = (int(each) for each in np.argwhere(bad)[0])
        column = self.columns[self.order[place]]
        value = float(x[row, place]) + column.origin
        return row, f"has {value:g} in the column {column.name!r:.60}; wanted is {_wanted(column)}"

    def network_shape(self, event_shape):
        return (columns_seen.width(self.numbers, self.words),)

    def event_shape(self, network_shape):
        return (len(self.columns),)

    @property
    def network_layout(self):
        """{name: value} of what `network_input` is made of, as `zoo.networks.table` takes it."""
        return {
            "numbers": len(self.numbers),
            "cycles": tuple(len(each.cycles) for each in self.numbers),
            "words": tuple(len(each.words) for each in self.words),
        }

    def network_input(self, x):
        """What `zoo.networks.table` takes, see `zoo.likelihoods.columns_seen`."""
        x = ops.cast(x, "float32")
        filled = self.filled(x)
        standardised = self.standardised(filled)
        return columns_seen.inputs(self.numbers, standardised, filled, self.known(x))

    def raw_shape(self, event_shape):
        return (sum(law.raw_width for law in self.laws),)

    # --- densities -----------------------------------------------------------------------------

    def log_prob(self, x, output, weight=None):
        """[batch, columns] and the raw output -> [batch], nats; each counted `weight` times."""
        by_column = self._by_column(x, output)
        return ops.sum(by_column if weight is None else by_column * weight, axis=-1)

    def score_tensors(self, event_shape):
        return (Tensor(CONTRIBUTION, "float32", (BATCH, len(self.columns)), NATS),)

    def scores(self, x, output):
        """`contribution`: -log p(x_c|z) of each column, in the table's order; 0 where missing."""
        return {CONTRIBUTION: -ops.take(self._by_column(x, output), self._to_table, axis=1)}

    def _by_column(self, x, output):
        """log p(x_c|z), in the order of x: [batch, columns], nats."""
        x = ops.cast(x, "float32")
        parts = zip(self.laws, self.parts(self.filled(x)), self._outputs(output), strict=True)
        return self.known(x) * self._in_order([law.log_prob(part, raw) for law, part, raw in parts])

    def independent(self, values):
        """The law of each column by itself; what is missing counts for nothing."""
        return (independent_columns.law(self),)

    # --- answers -------------------------------------------------------------------------------

    def tensors(self, event_shape):
        words = sum(len(each.words) for each in self.words)
        probabilities = Tensor(PROBABILITIES, "float32", (BATCH, words), PROBABILITY)
        return self._row(MEANS, MODES) + ((probabilities,) if words else ())

    def drawn_tensors(self, event_shape):
        return self._row(NUMBERS, CATEGORIES)

    def _row(self, numbers, categories):
        """The tensors of a row under these names, those of the two that there are."""
        numbers = Tensor(numbers, "float32", (BATCH, len(self.numbers)), FEATURE)
        categories = Tensor(categories, "int32", (BATCH, len(self.words)), WHOLE)
        return ((numbers,) if self.numbers else ()) + ((categories,) if self.words else ())

    def mean(self, output):
        """Expected numbers, then the likeliest codes: [batch, columns]."""
        parts = zip(self.laws, self._outputs(output), strict=True)
        return self._in_order([law.mean(raw) for law, raw in parts])

    def typical(self, output):
        """The middle of each number's law, standardised, then the likeliest codes: as x."""
        parts = zip(self.laws, self._outputs(output), strict=True)
        return self._in_order([law.typical(raw) for law, raw in parts])

    def standardised(self, x):
        """x with its numbers standardised, as `typical` gives them; NaN stays: [batch, columns]."""
        x = ops.cast(x, "float32")
        found = [law.standardised(part) for law, part in zip(self.laws, self.parts(x), strict=True)]
        return self._in_order(found)

    def outputs(self, output, weight=None):
        answer = self._named(self.mean(output), MEANS, MODES)
        for law, raw in zip(self.laws, self._outputs(output), strict=True):
            if law.whole:
                answer[PROBABILITIES] = law.probabilities(raw)
        return answer

    def drawn(self, output, noise, weight=None):
        return self._named(self.sample(output, noise), NUMBERS, CATEGORIES)

    def _named(self, x, numbers, categories):
        count, answer = len(self.numbers), {}
        if count:
            answer[numbers] = x[:, :count]
        if self.words:
            answer[categories] = ops.cast(x[:, count:], "int32")
        return answer

    # --- draws ---------------------------------------------------------------------------------

    def noise(self, seed, shape, stream):
        kinds = tuple((law.noise_kind, law.noise_count) for law in self.laws)
        return seeded.draw(kinds, seed, stream)

    def sample(self, output, noise):
        """Values drawn by the noise, each column for itself: [batch, columns]."""
        parts = zip(self.laws, self._outputs(output), self._noises(noise), strict=True)
        return self._in_order([law.sample(raw, own) for law, raw, own in parts])

    def margin(self, output, noise=None):
        """The smallest of the columns': [batch]; None where no column's draw or mode jumps."""
        noises = [None] * len(self.laws) if noise is None else self._noises(noise)
        parts = zip(self.laws, self._outputs(output), noises, strict=True)
        found = [law.margin(raw, own) for law, raw, own in parts]
        found = [each for each in found if each is not None]
        return ops.min(ops.stack(found), axis=0) if found else None

    # --- layout --------------------------------------------------------------------------------

    def parts(self, x):
        """Each law's columns of x."""
        return [ops.take(x, np.asarray(places, np.int32), axis=1) for places in self.places]

    def _outputs(self, output):
        return _cut(output, [law.raw_width for law in self.laws])

    def _noises(self, noise):
        return _cut(noise, [law.noise_count for law in self.laws])

    def _in_order(self, parts):
        """The laws' columns side by side, in the order of x."""
        whole = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
        return ops.take(whole, self._from_laws, axis=1)

    def known(self, x):
        """1 where a value is known, 0 where it is missing: float32, shaped as x."""
        return 1.0 - ops.cast(ops.isnan(x), "float32")

    def filled(self, x):
        """x with a value that can be where one is missing."""
        # tf2onnx writes a choice by IsNaN as one; others it multiplies, and 0 times NaN is NaN.
        filler = np.asarray([each for law in self.laws for each in law.filler], np.float32)
        return ops.where(ops.isnan(x), filler[self._from_laws], x)

    def get_config(self):
        columns = [each.to_json() for each in self.columns]
        return {**super().get_config(), "columns": columns, "any_missing": self.any_missing}


_LAWS = (
    (lambda each: _is_real(each) and not each.log, RealColumns),
    (lambda each: _is_real(each) and each.log, lambda columns: RealColumns(columns, log=True)),
    (lambda each: each.kind == COUNT and is_small(each), CountColumns),
    (lambda each: each.kind in WORDS, WordColumns),
)
"""(whether a column has the law, what makes the law of such columns)."""


def _wanted(column):
    """What a value of a column is, in words."""
    if not column.is_number:
        return f"the code of one of its words, 0 to {len(column.words) - 1}, or NaN"
    if column.kind == COUNT:
        return "a whole number from 0 on, or NaN"
    return f"a {'number above 0' if column.log else 'finite number'}, or NaN"


def _is_real(column):
    return column.is_number and not (column.kind == COUNT and is_small(column))


def _has_mass(column):
    return not _is_real(column)


def _cut(values, widths):
    """[rows, sum of widths] -> a list of [rows, width]."""
    ends = np.cumsum(widths)
    return [values[:, end - width : end] for end, width in zip(ends, widths, strict=True)]
