"""What likelihoods around the decoder's output with a learned scale share."""

from zoo.likelihoods.base import Likelihood, add_log, log_of, require_positive


class LocationScale(Likelihood):
    """Abstract: independent values around the decoder's output, with a scale of their own.

    The scale is learned together with the model, or fixed when `scale` is given; it is one number,
    or with `by_feature` one for each feature, along the last axis. `distribution` is
    the module of `zoo.distributions` with the maths, `spread` its name for the logarithm of the
    scale, which is `power` times log(scale) and kept within `bounds`; `draw` makes the noise that
    its `sample` takes.
    """

    distribution = None
    spread = None
    power = 1.0
    bounds = None
    draw = None
    named = "scale"  # what the field calls it

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a density: they depend on the unit of x"

    def __init__(self, scale=None, initial_scale=0.2, by_feature=False, **kwargs):
        super().__init__(**kwargs)
        require_positive(self.named, scale=scale, initial_scale=initial_scale)
        self.scale = scale
        self.initial_scale = initial_scale
        self.by_feature = by_feature

    def build(self, input_shape=None):
        start = self.initial_scale if self.scale is None else self.scale
        shape = tuple(input_shape[-1:]) if self.by_feature else ()
        self.log_of_scale = add_log(self, self.spread, start**self.power, self.scale is None, shape)
        self.built = True

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return self.distribution.log_prob(x, output, self._log(), weight)

    def mean(self, output):
        """The decoder's output itself."""
        return output

    def mode(self, output, noise=None):
        """The decoder's output itself."""
        return output

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return type(self).draw(seed, shape, stream)

    def sample(self, output, noise):
        """A value around the output, drawn by the noise; shaped as the output."""
        return self.distribution.sample(output, self._log(output.dtype), noise)

    def margin(self, output, noise=None):
        """None: a draw moves with the mean and never jumps."""
        return None

    def _log(self, dtype="float32"):
        return log_of(self.log_of_scale, *self.bounds, dtype)

    def get_config(self):
        names = ("scale", "initial_scale", "by_feature")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
