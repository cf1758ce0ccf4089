"""What the laws of a table's columns share: columns of one kind, side by side."""

import keras

from zoo.artifact.columns import Column


class ColumnLaw(keras.layers.Layer):
    """Abstract: p(x_c|z) of each of a table's columns of one kind; a part of `Columns`.

    x [rows, columns] has no missing values here: where one is missing, `Columns` puts the `filler`
    and leaves its nats out. Computed in float32.

    - `noise_kind`: the kind of `zoo.noise` that `sample` takes.
    - `whole`: whether a value is the code of a word, and not a number.

    Args:
        columns: of this law, each a `zoo.artifact.columns.Column` or its dict.
    """

    noise_kind = None
    whole = False

    def __init__(self, columns, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.columns = tuple(
            each if isinstance(each, Column) else Column.from_json(each) for each in columns
        )

    @property
    def raw_width(self):
        """Raw outputs that the decoder gives for all columns together."""
        raise NotImplementedError

    @property
    def noise_count(self):
        """Values of noise that `sample` takes."""
        return len(self.columns)

    @property
    def filler(self):
        """A value of each column that can be, in the place of one that is missing: a list."""
        raise NotImplementedError

    def possible(self, x):
        """Whether each value can be at all: [rows, columns], NaN among them -> bool."""
        raise NotImplementedError

    def standardised(self, x):
        """Numbers less what is usual of them, over their scale; codes as they are: as x."""
        raise NotImplementedError

    def typical(self, raw):
        """The middle of each number's law, `standardised`, or the likeliest codes: as x."""
        raise NotImplementedError

    def log_prob(self, x, raw):
        """[rows, columns] and [rows, raw_width] -> [rows, columns], nats."""
        raise NotImplementedError

    def mean(self, raw):
        """Expected numbers, or the likeliest codes: [rows, columns]."""
        raise NotImplementedError

    def sample(self, raw, noise):
        """Values drawn by the noise [rows, noise_count]: [rows, columns]."""
        raise NotImplementedError

    def margin(self, raw, noise=None):
        """How little must change for another draw, or another mode: [rows]; None: none jumps."""
        raise NotImplementedError

    def independent(self):
        """The law of each column by itself, in the same measure.

        A `zoo.likelihoods.independent.Law` of arrays laid out as `log_prob` takes them.
        """
        raise NotImplementedError

    def of_each(self, values):
        """A constant of each column, by a function of the column: float64 [columns]."""
        return [float(values(column)) for column in self.columns]

    def get_config(self):
        return {**super().get_config(), "columns": [each.to_json() for each in self.columns]}
