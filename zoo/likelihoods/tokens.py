"""Tokens of strings, step by step, and where a string ends."""

import keras
import numpy as np
from keras import ops

from zoo import noise as seeded
from zoo.artifact.endpoints import BATCH, PROBABILITY, WHOLE, Tensor
from zoo.artifact.tokens import MODE, TOKENS
from zoo.distributions import categorical
from zoo.errors import InputError
from zoo.likelihoods.base import Likelihood, smallest
from zoo.likelihoods.independent import Law
from zoo.likelihoods.independent_levels import histogram

IMPOSSIBLE = -1e4
"""Added to a logit, which float16 holds: of such a token the probability is 0."""

STRENGTH = 16.0
"""Strings that the frequencies at all steps stand for beside those at a step."""


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Tokens(Likelihood):
    """Strings x [batch, steps] of whole numbers, each a token; the largest number is the end.

    Each step has a probability for every token, given the steps before (Bowman et al. 2016). The
    first end ends a string: it says so, and the steps after it say nothing, so that log p(x) is one
    of strings of any length. The last step is an end, whatever its logits: the probabilities of all
    strings that fit add up to 1.

    Within the networks a token is a vector that is 1 at its number. Endpoints take `tokens`, int32
    [batch, steps]; `decode` and `reconstruct` answer `tokens_mode`, the likeliest of each step,
    which a decoder was fed back, and `generate` the `tokens` that were drawn. `probabilities`
    [batch, steps, count] are those of each step given the steps before it, and say past the end
    that it ended.

    Args:
        count: of tokens, the end among them, 2 or more.
    """

    family = "tokens"
    spacing = 1.0
    draws_generated = True
    marks_ends = True
    mean_kind = PROBABILITY
    network_value = None

    def __init__(self, count=2, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(count, int) or count < 2:
            raise InputError(f"count={count!r}: give the tokens and the end, 2 or more.")
        self.count = count

    @property
    def token_count(self):
        """Tokens, the end among them."""
        return self.count

    @property
    def support(self):
        """The smallest and the largest number."""
        return (0.0, float(self.count - 1))

    def example(self, event_shape):
        """int32 [batch, steps]."""
        return (Tensor(TOKENS, "int32", (BATCH, *event_shape), WHOLE, below=self.count),)

    def join(self, given):
        """The numbers as float32."""
        return ops.cast(given[TOKENS], "float32")

    def split(self, x):
        """{"tokens": int32}."""
        return {TOKENS: np.rint(np.asarray(x)).astype(np.int32)}

    def possible(self, x):
        """Whether there are such tokens, one of them is the end, and nothing else follows it."""
        ended = self._is_end(x)
        known = ops.logical_and(x > -0.5, x < self.count - 0.5)
        follows = ops.cumsum(ended, axis=-1) - ended  # ends before a step
        well = ops.logical_and(known, ops.logical_or(ended > 0.5, follows < 0.5))
        return ops.cast(ops.logical_and(ops.all(well, axis=-1), ended[:, -1] > 0.5), "int32")

    def impossible(self, x):
        """(place, what is wrong) of the first row that cannot be; None where all can."""
        can = ops.convert_to_numpy(self.possible(ops.convert_to_tensor(x, "float32")))
        if can.all():
            return None
        place = int(np.argmin(can))
        return place, (
            f"has the tokens {np.rint(x[place]).astype(int).tolist()!r:.120}; wanted are numbers "
            f"from 0 to {self.count - 1}, of which the last, and whatever follows it, is "
            f"{self.count - 1}: the end"
        )

    def steps_needed(self, x):
        """Up to the end and one more, which is the last, an end whatever its logits."""
        return np.minimum(np.argmax(np.asarray(x) > self.count - 1.5, axis=1) + 2, x.shape[1])

    def network_shape(self, event_shape):
        """[steps, count]: a 1 at the token's number."""
        if len(event_shape) != 1:
            raise InputError(
                "The tokens likelihood describes strings [steps]; this data has events of shape "
                f"{list(event_shape)}. Take another likelihood."
            )
        return (*event_shape, self.count)

    def event_shape(self, network_shape):
        """[steps]."""
        return tuple(network_shape[:1])

    def network_input(self, x):
        """[..., steps] -> [..., steps, count]."""
        numbers = np.arange(self.count, dtype=keras.backend.standardize_dtype(x.dtype))
        return ops.cast(ops.abs(ops.expand_dims(x, -1) - numbers) < 0.5, x.dtype)

    def raw_shape(self, event_shape):
        """A logit of every token at each step."""
        return self.network_shape(event_shape)

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass of strings"

    def log_prob(self, x, output, weight=None):
        """[batch, steps] and the raw output -> [batch], nats; each step counted `weight` times."""
        goes_on = _goes_on(self._is_end(ops.convert_to_tensor(x)))
        counted = goes_on if weight is None else goes_on * weight
        return categorical.log_prob(x, self._ending(output), counted)

    def mean(self, output):
        """Probabilities of every token at each step: [batch, steps, count]."""
        return ops.softmax(self._ending(output), axis=-1)

    def independent(self, values):
        """Frequencies of tokens at each step by itself, mixed with those at all steps."""
        tokens = histogram(self.count, self.spacing, STRENGTH)

        def there(x, counted):
            ended = x > self.count - 1.5
            goes_on = (np.cumsum(ended, axis=1) - ended < 0.5).astype(np.float32)
            return goes_on if counted is None else goes_on * counted

        def fit(x, counted=None):
            return tokens.fit(x, there(x, counted))

        def log_prob(x, log_mass, counted=None):
            return tokens.log_prob(x, log_mass, there(x, counted))

        return (Law("frequencies of tokens", fit, log_prob, "step"),)

    def mode(self, output, noise=None):
        """The likeliest token of each step [batch, steps], or of one step, [batch]."""
        return categorical.mode(self._ending(output))

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, steps]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """A token drawn by the noise of each step [batch, steps], or of one step, [batch]."""
        return categorical.sample(self._ending(output), noise)

    def margin(self, output, noise=None):
        """How little a probability must change for another token: [batch]."""
        drawn = self.mode(output) if noise is None else self.sample(output, noise)
        goes_on = _goes_on(self._is_end(drawn))
        gap = categorical.gap(self._ending(output), noise)
        return smallest(ops.where(goes_on > 0.5, gap, 1.0))

    def outputs(self, output, weight=None):
        """`tokens_mode` and `probabilities`."""
        return self._answer(MODE, output, self.mode(output))

    def drawn(self, output, noise, weight=None):
        """`tokens`, drawn by the noise, and `probabilities`."""
        return self._answer(TOKENS, output, self.sample(output, noise))

    def tensors(self, event_shape):
        """`tokens_mode` int32 [batch, steps] and `probabilities` [batch, steps, count]."""
        return self._tensors(MODE, event_shape)

    def drawn_tensors(self, event_shape):
        """`tokens` and `probabilities`, of the same shapes."""
        return self._tensors(TOKENS, event_shape)

    def _tensors(self, name, event_shape):
        shape = (BATCH, *event_shape)
        return (
            Tensor(name, "int32", shape, WHOLE, below=self.count),
            Tensor("probabilities", "float32", (*shape, self.count), PROBABILITY),
        )

    def _answer(self, name, output, tokens):
        inside = _goes_on(self._is_end(tokens))
        of_end = np.eye(self.count, dtype=np.float32)[-1]
        wide = ops.expand_dims(inside, -1)
        end = float(self.count - 1)
        return {
            name: ops.cast(ops.floor(ops.where(inside > 0.5, tokens, end) + 0.5), "int32"),
            "probabilities": self.mean(output) * wide + (1.0 - wide) * of_end,
        }

    def _ending(self, output):
        """Logits [batch, steps, count] whose last step is an end; those of one step as they are."""
        if len(output.shape) == 2:
            return output
        steps, is_end = output.shape[1], np.arange(self.count) == self.count - 1
        if steps is None:  # TensorFlow's training, of batches by length
            steps = ops.shape(output)[1]
            is_last = ops.equal(ops.arange(steps, dtype="int32"), steps - 1)
        else:
            is_last = np.arange(steps) == steps - 1
        others = ops.cast(is_last, "float32")[:, None] * np.float32(IMPOSSIBLE * ~is_end)
        return output + others

    def _is_end(self, x):
        """1 at the ends: [..., steps] -> the same."""
        return ops.cast(x > self.count - 1.5, x.dtype)

    def get_config(self):
        return {**super().get_config(), "count": self.count}


def _goes_on(ended):
    """1 up to the first end, that one too: [batch, steps] -> the same."""
    return ops.cast(ops.cumsum(ended, axis=-1) - ended < 0.5, ended.dtype)
