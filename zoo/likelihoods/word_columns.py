"""Columns of words: categories, categories from the least to the most, and booleans."""

import keras
from keras import ops

from zoo.artifact.columns import BOOLEAN, ORDERED
from zoo.distributions import ordinal
from zoo.likelihoods import independent_levels
from zoo.likelihoods.base import smallest
from zoo.likelihoods.column_law import ColumnLaw


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class WordColumns(ColumnLaw):
    """Softmax over a column's words, one logit of two, or a location among learned thresholds.

    A value is the code of a word, 0 to words - 1. Draws and modes are the largest of numbers, so
    that float16 graphs compute what leads to them in float32.

    Args:
        columns: of the kinds "categorical", "ordered" and "boolean".
    """

    noise_kind = "gumbel"
    whole = True

    def build(self, input_shape=None):
        """Thresholds of each ordered column, between which all words are about equally likely."""
        self.first, self.gaps = [], []
        for place, column in enumerate(self._ordered):
            words = len(column.words)
            start = keras.initializers.Constant(0.0 if words == 2 else -1.0)
            self.first.append(self.add_weight(name=f"first_{place}", shape=(), initializer=start))
            if words > 2:
                gaps = self.add_weight(
                    name=f"gaps_{place}", shape=(words - 2,), initializer="zeros"
                )
                self.gaps.append(gaps)
        self.built = True

    @property
    def raw_width(self):
        return sum(map(_outputs, self.columns))

    @property
    def noise_count(self):
        return sum(len(each.words) for each in self.columns)

    @property
    def filler(self):
        return self.of_each(lambda each: 0)

    def possible(self, x):
        last = self.of_each(lambda each: len(each.words) - 1)
        whole = ops.abs(x - ops.floor(x + 0.5)) < 1e-3
        return ops.logical_and(whole, ops.logical_and(x > -0.5, x < ops.add(last, 0.5)))

    def standardised(self, x):
        return x

    def typical(self, raw):
        return self.mean(raw)

    def log_prob(self, x, raw):
        of_each = []
        for place, log_p in enumerate(self.log_probabilities(raw)):
            codes = ops.arange(log_p.shape[-1], dtype="float32")
            chosen = ops.cast(ops.abs(x[:, place : place + 1] - codes) < 0.5, "float32")
            of_each.append(ops.sum(chosen * log_p, axis=-1, keepdims=True))
        return ops.concatenate(of_each, axis=-1)

    def log_probabilities(self, raw):
        """Of each column's words: a list of [rows, words], at least -60 nats each."""
        answer, begin, first, gaps = [], 0, iter(self.first), iter(self.gaps)
        for column in self.columns:
            own = raw[:, begin : begin + _outputs(column)]
            begin += _outputs(column)
            if column.kind == ORDERED:
                between = next(gaps) if len(column.words) > 2 else None
                log_p = ordinal.log_probabilities(own[:, 0], next(first), between)
            elif column.kind == BOOLEAN:
                log_p = ops.concatenate([-ops.softplus(own), -ops.softplus(-own)], axis=-1)
            else:
                log_p = ops.log_softmax(own, axis=-1)
            answer.append(ops.maximum(log_p, -60.0))
        return answer

    def probabilities(self, raw):
        """Of all words of all columns: [rows, sum of words]."""
        return ops.exp(ops.concatenate(self.log_probabilities(raw), axis=-1))

    def mean(self, raw):
        """The likeliest codes, float32: codes have no mean."""
        return self._largest(self.log_probabilities(raw))

    def sample(self, raw, noise):
        return self._largest(self._perturbed(raw, noise))

    def margin(self, raw, noise=None):
        scores = self.log_probabilities(raw) if noise is None else self._perturbed(raw, noise)
        gaps = []
        for each in scores:
            largest, _ = ops.top_k(each, 2)
            gaps.append(largest[:, :1] - largest[:, 1:])
        return smallest(ops.concatenate(gaps, axis=-1))

    def independent(self):
        """(how often + 1) / (n + words), Laplace's rule of succession."""
        return independent_levels.frequencies([len(each.words) for each in self.columns])

    @property
    def _ordered(self):
        return [each for each in self.columns if each.kind == ORDERED]

    def _perturbed(self, raw, noise):
        """Log-probabilities plus Gumbel noise, whose largest is a draw."""
        answer, begin = [], 0
        for log_p in self.log_probabilities(raw):
            answer.append(log_p + noise[:, begin : begin + log_p.shape[-1]])
            begin += log_p.shape[-1]
        return answer

    def _largest(self, scores):
        # Keras's argmax looks at the bits of zeros by a Bitcast, which ONNX does not have.
        codes = [ops.top_k(each, 1)[1] for each in scores]
        return ops.cast(ops.concatenate(codes, axis=-1), "float32")


def _outputs(column):
    """Raw outputs of one column."""
    return 1 if column.kind in (BOOLEAN, ORDERED) else len(column.words)
