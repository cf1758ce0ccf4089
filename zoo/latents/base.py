"""What lies between an encoder and a decoder: one interface for vectors, groups and codes.

A latent process takes what an encoder makes of x, its features, and gives what a decoder takes, its
state, together with z, all that was drawn on the way, and what the draw costs in nats. A model
knows this interface and nothing of families.
"""

import dataclasses
from typing import Any

import keras
from keras import ops


@dataclasses.dataclass(frozen=True)
class Draw:
    """What `Latents.infer` drew for a batch, `draws` times an example.

    Args:
        z: [batch * draws, size], the draws of an example side by side.
        state: what the decoder takes, [batch * draws, *state_shape].
        parameters: {name: [batch, width]} of the posterior; {} where each draw has its own.
        kl: {group: [batch]}, nats: KL(q(z|x) || p(z)), exact, or the mean of the draws.
        log_ratio: log p(z) - log q(z|x), [batch, draws], nats; None where there is no density.
        kl_by_latent: [batch, latents] where the KL is exact and a sum over latents, else None.
        penalty: [batch], what training adds besides the KL; None: nothing.
        measured: {name: tensor} that the metrics of `Latents.new_metrics` are updated with.
    """

    z: Any
    state: Any
    parameters: dict
    kl: dict
    log_ratio: Any = None
    kl_by_latent: Any = None
    penalty: Any = None
    measured: dict = dataclasses.field(default_factory=dict)

    @property
    def total_kl(self):
        """The KL of all groups: [batch], nats."""
        return sum(self.kl.values())

    def to_tensors(self):
        """A dict of what there is, as a Keras model may return it."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_tensors(cls, tensors):
        """The draw that `to_tensors` took apart."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in tensors.items() if name in names})


class Latents(keras.layers.Layer):
    """Abstract: a latent process. Final are `Flat`, `TopDown` and `Codes`.

    Always computed in float32, whatever the dtype policy of the networks is: densities are.

    - `groups`: {name: shape}; z is their concatenation, in this order.
    - `feature_shapes`: {name: shape} of what an encoder must give, without the batch axis.
    - `state_shape`: of what the decoder takes first, without the batch axis.
    - `family`, `prior_family`: names of the posterior and of the prior, for people.
    - `exact_kl`: whether the KL is known, and not sampled.
    - `exact_bits`: whether z of `generate` has the same bits in every runtime, as its noise has.
    - `has_kl_by_latent`: whether `Draw.kl_by_latent` is there.
    - `has_prior_density`: whether `log_prior` takes any z.
    - `has_density`: whether `log_ratio` takes any z; `relaxed`: whether training draws points that
      the prior has no density of.
    - `diagonal_normal`: whether the posterior is one normal with independent axes.
    - `scheduled`: whether something depends on the step of training.
    - `classes`: how many values each latent may take where z are whole numbers; None elsewhere.
    - `ratio_groups`: every k of which `score` gives a likelihood ratio, smallest first: how many of
      the lowest groups the prior draws there; () where there is none.
    """

    exact_kl = False
    exact_bits = False
    has_kl_by_latent = False
    has_prior_density = False
    has_density = False
    relaxed = False
    diagonal_normal = False
    scheduled = False
    classes = None
    ratio_groups = ()

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    @property
    def groups(self):
        raise NotImplementedError

    @property
    def size(self):
        """Values of z."""
        return sum(_count(shape) for shape in self.groups.values())

    @property
    def networks(self):
        """The Keras models that it draws by, a sequence."""
        return ()

    @property
    def widest(self):
        """Values, of a draw, of the largest tensor that it makes beside what `networks` make."""
        return self.size

    @property
    def feature_shapes(self):
        raise NotImplementedError

    @property
    def state_shape(self):
        raise NotImplementedError

    @property
    def encoded(self):
        """{name: width} of what `encode` gives, each [batch, width]."""
        raise NotImplementedError

    def noise_kinds(self):
        """What `infer` takes for one draw of an example, as (kind, count) pairs: `zoo.noise`."""
        raise NotImplementedError

    def prior_noise_kinds(self):
        """What `generate` takes for one example, as (kind, count) pairs."""
        raise NotImplementedError

    def pseudo_inputs(self):
        """Inputs whose features the prior asks for, [n, *event]; None: it asks for none."""
        return None

    @property
    def pseudo_input_count(self):
        """How many there are."""
        learned = self.pseudo_inputs()
        return 0 if learned is None else learned.shape[0]

    def start_pseudo_inputs(self, x):
        """Lets the first len(x) of them begin at examples x [n, *event]."""

    def infer(self, features, noise, draws=1, training=False, step=None, pseudo=None):
        """A `Draw` of the posterior.

        Args:
            features: {name: [batch, *shape]}, float32.
            noise: [batch * draws, count].
            draws: how many an example.
            training: whether the weights are being learned.
            step: of training, where `scheduled`.
            pseudo: the features of `pseudo_inputs`.
        """
        raise NotImplementedError

    def infer_above(self, features, noise, draws=1, pseudo=None):
        """`infer` with parts of its state more, one below the other: where `ratio_groups`.

        [(1 + len(ratio_groups)) * batch * draws, *state_shape]: first the state of the `Draw`, then
        for each k one whose lowest k groups are drawn by the prior, given the same groups above.
        """
        raise NotImplementedError

    def log_ratio(self, z, parameters, pseudo=None):
        """log p(z) - log q(z|x) of any z, where `has_density`: rows of each -> [rows], nats."""
        raise NotImplementedError

    def log_prior(self, z, pseudo=None):
        """log p(z) of z [rows, size], where `has_prior_density`: [rows], nats."""
        raise NotImplementedError

    def encode(self, features):
        """The posterior's parameters by name, along the mean path: {name: [batch, width]}."""
        raise NotImplementedError

    def point(self, features):
        """The one z that stands for x: [batch, size]."""
        raise NotImplementedError

    def generate(self, noise, pseudo=None):
        """(z, state) of noise [rows, count]: a sample of the prior."""
        raise NotImplementedError

    def place(self, z):
        """The state that z decodes from: [rows, size] -> [rows, *state_shape]."""
        raise NotImplementedError

    def embedding(self, z):
        """z as numbers between which distances say something: [rows, n]."""
        return z

    def new_metrics(self):
        """New metrics of training besides the nats: {name: keras.metrics.Metric}."""
        return {}

    def margin(self, features=None, noise=None, z=None):
        """How little must change for z to be other whole numbers: [batch]; None: it never jumps.

        Of the z that `features` encode to, or of the `z` that `noise` generates.
        """
        return None

    def facts(self):
        """What a manifest says of the latents."""
        return {
            "size": self.size,
            "groups": {name: list(shape) for name, shape in self.groups.items()},
            "posterior": self.family,
            "prior": self.prior_family,
            "exact_bits": self.exact_bits,
            **({"ratio_groups": list(self.ratio_groups)} if self.ratio_groups else {}),
        }


def repeat(value, draws):
    """[batch, ...] -> [batch * draws, ...], each row `draws` times in succession, or None."""
    if value is None or (isinstance(draws, int) and draws == 1):
        return value
    if not isinstance(draws, int):
        return ops.repeat(value, draws, axis=0)
    # Not `ops.repeat`, whose shape TensorFlow computes as the graph runs.
    rest = tuple(value.shape[1:])
    tiled = ops.tile(ops.expand_dims(value, 1), (1, draws, *[1] * len(rest)))
    return ops.reshape(tiled, (-1, *rest))


def _count(shape):
    count = 1
    for size in shape:
        count *= size
    return count
