"""Counts whose sum is given: shares of a library of any size, as of genes, words or clicks."""

import keras
from keras import ops

from zoo.artifact.endpoints import BATCH, FEATURE, PROBABILITY, Tensor
from zoo.distributions import negative_binomial
from zoo.distributions.events import sum_event
from zoo.errors import InputError
from zoo.likelihoods import independent_counts
from zoo.likelihoods.base import Likelihood, add_log, log_of, require_positive, stacked, unstacked

LIBRARY = "library"
DISPERSION, ZERO = "dispersion", "zero_probability"
_BOUNDS = (-7.0, 10.0)  # of a dispersion's logarithm


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class LibraryNegativeBinomial(Likelihood):
    """Independent counts around shares of the library, each feature with its own dispersion.

    The library is the sum of x, of which the softmax of the decoder's output are the features'
    shares: mean = library * share, variance = mean + mean**2 / dispersion. So z says what is in a
    cell or a text, and not how deep it was looked into. Networks are given log(1 + x).

    Where x is given the library is its sum; `decode` and `generate` take it besides. They answer
    means and `dispersion`s (and `zero_probability`), of which counts can be drawn: not in a graph,
    where two runtimes' rounding of a mean would make one count of another.

    Source: Lopez et al. 2018, "Deep generative modeling for single-cell transcriptomics" (scVI),
    with the observed library.

    Args:
        zero_inflated: whether each count may be 0 for another reason besides, with a probability
            that is the sigmoid of a second output: scVI's dropouts.
        initial_dispersion: where the learned dispersions begin.
    """

    family = "library negative binomial"
    support = (0.0, float("inf"))
    spacing = 1.0
    covariates = (LIBRARY,)
    mean_kind = FEATURE
    network_value = "log(1 + count)"
    network_affine = False

    def __init__(self, zero_inflated=False, initial_dispersion=1.0, **kwargs):
        super().__init__(**kwargs)
        require_positive("dispersion", initial_dispersion=initial_dispersion)
        self.zero_inflated = zero_inflated
        self.initial_dispersion = initial_dispersion

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass, given each example's library size"

    def build(self, input_shape=None):
        if input_shape is None or len(input_shape) != 2:
            raise InputError(
                f"A {self.family} likelihood takes vectors of counts [features]; this data has "
                f"events of shape {tuple(input_shape or ())[1:]}. Take negative_binomial."
            )
        self.log_dispersion = add_log(
            self, "log_dispersion", self.initial_dispersion, shape=tuple(input_shape[-1:])
        )
        self.built = True

    def network_input(self, x):
        """log(1 + x): the same shape."""
        return ops.log(1.0 + x)

    def raw_shape(self, event_shape):
        """As the event; with zero inflation twice as many."""
        return stacked(event_shape, 2) if self.zero_inflated else tuple(event_shape)

    def covariates_of(self, x):
        """{"library": [batch]}: the sum of each example's counts."""
        return {LIBRARY: ops.sum(ops.cast(x, "float32"), axis=-1)}

    def log_prob(self, x, output, weight=None):
        """[batch, features] and the raw output -> [batch], nats, given the sum of x."""
        x = ops.cast(x, "float32")
        share, logit = self._split(output)
        library = ops.maximum(self.covariates_of(x)[LIBRARY], independent_counts.SMALLEST)
        log_mean = ops.log(library)[:, None] + ops.log_softmax(share, axis=-1)
        given = (x, log_mean, log_of(self.log_dispersion, *_BOUNDS, output.dtype))
        if not self.zero_inflated:
            return negative_binomial.log_prob(*given, weight)
        by_value = negative_binomial.zero_inflated_log_prob_by_value(*given, logit)
        return sum_event(by_value, weight)

    def outputs(self, output, weight=None, library=None):
        """`tensors` of the raw output and a library of each row, each [batch, features].

        A row whose library is below 0 or NaN has NaN as its means.
        """
        library = ops.cast(library, "float32")
        library = library + ops.sqrt(ops.minimum(library, 0.0))  # the root of what is below 0
        share, logit = self._split(output)
        mean = library[:, None] * ops.softmax(share, axis=-1)
        mean = mean * ops.sigmoid(-logit) if self.zero_inflated else mean
        dispersion = ops.exp(log_of(self.log_dispersion, *_BOUNDS, output.dtype))
        answer = {
            "x_mean": mean if weight is None else mean * weight,
            DISPERSION: dispersion + ops.zeros_like(mean),
        }
        return answer | ({ZERO: ops.sigmoid(logit)} if self.zero_inflated else {})

    def tensors(self, event_shape):
        """The means, each feature's dispersion, and how likely it is 0 for another reason."""
        shape = (BATCH, *event_shape)
        zero = (Tensor(ZERO, "float32", shape, PROBABILITY),) if self.zero_inflated else ()
        return (*super().tensors(event_shape), Tensor(DISPERSION, "float32", shape, FEATURE), *zero)

    def mean(self, output):
        """Shares of a library of 1: [batch, features]."""
        return self.outputs(output, library=ops.ones_like(output[:, 0]))["x_mean"]

    def independent(self, values):
        """As `Likelihood.independent`; without zero inflation."""
        return independent_counts.of_library()

    def margin(self, output, noise=None):
        """None: nothing is fed back."""
        return None

    def _split(self, output):
        """(logits of shares, logits of zero inflation or None), each [batch, features]."""
        if not self.zero_inflated:
            return output, None
        pair = unstacked(output, 2)
        return pair[..., 0], pair[..., 1]

    def get_config(self):
        names = ("zero_inflated", "initial_dispersion")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
