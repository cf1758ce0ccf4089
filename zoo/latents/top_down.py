"""Groups of latents, each drawn given those above it: what a hierarchical VAE has."""

import math

import keras
from keras import ops

from zoo.distributions import normal
from zoo.errors import InputError
from zoo.latents.base import Draw, Latents, repeat


@keras.saving.register_keras_serializable(package="zoo.latents")
class TopDown(Latents):
    """Normal groups z_1 ... z_G from the top down, of which posterior and prior share the way.

    p(z) = prod_g p(z_g | above) and q(z | x) = prod_g q(z_g | above, x), the ladder of Sønderby et
    al. 2016: what lies above z_g is a state, which a block carries on once z_g is drawn, in
    training as in generation (Child 2021). The last state is what the decoder takes.

    Where p(z_g | above) = N(m, s^2), what is called z here, and in the artifact, is
    (z_g - m) / s, group by group: of it the prior is a standard normal, and the posterior a normal
    with the same KL and the same ratio of densities, neither of which a change of coordinates
    touches. So `generate` has the same bits in every runtime however deep the hierarchy is, and any
    standard normal z decodes as a sample.

    A posterior's network says where z_g itself lies, or, if `relative`, where z lies, as Vahdat &
    Kautz 2020, section 3.2, has it: there each change of a prior moves what the posterior draws,
    and with it what is reconstructed, which keeps priors from learning anything of the groups
    above. Of photographs the lowest group then says everything (benchmarks/large_pictures.md).

    Args:
        features: {group: name of the feature that its posterior takes}, from the top down.
        posteriors: a functional model a group, [state, feature] -> {"mean", "log_var"} of z_g, or
            of z if `relative`, each [rows, width]; the first takes the feature alone.
        priors: a functional model of every group but the first, state -> {"mean", "log_var"} of
            z_g, each [rows, width]; the first group's prior is a standard normal.
        blocks: a functional model a group, [state, z_g] -> the next state; the first takes z_g
            alone.
        relative: whether posteriors are stated relative to their priors.

    Raises:
        InputError: for networks that do not follow one another.
    """

    family = "top-down normal"
    prior_family = "top-down normal"
    exact_bits = True

    def __init__(self, features, posteriors, priors, blocks, relative=False, **kwargs):
        super().__init__(**kwargs)
        self.features = dict(features)
        self.posteriors = list(posteriors)
        self.priors = list(priors)
        self.blocks = list(blocks)
        self.relative = relative
        self._check()
        self.built = True

    def _check(self):
        """Refuses networks that do not follow one another."""
        counts = {len(self.features), len(self.posteriors), len(self.priors) + 1, len(self.blocks)}
        if len(counts) != 1:
            raise InputError(
                f"TopDown was given {len(self.features)} groups, {len(self.posteriors)} "
                f"posteriors, {len(self.priors)} priors and {len(self.blocks)} blocks: give a "
                "group or more, one of each a group, and none as the first one's prior."
            )
        above = []
        for name, posterior, prior, block in self._groups():
            takes = {"posterior": posterior.inputs[:-1], "block": block.inputs[:-1]}
            laws = {"posterior": posterior}
            if prior:
                takes, laws = takes | {"prior": prior.inputs}, laws | {"prior": prior}
            for part, inputs in takes.items():
                taken = [tuple(each.shape[1:]) for each in inputs]
                if taken != above:
                    raise InputError(
                        f"The {part} of group {name!r} takes the state {taken or 'none'} and is "
                        f"given {above or 'none'}: build it for what the block above it gives."
                    )
            width = math.prod(self.groups[name])
            for part, network in laws.items():
                widths = {each: value.shape[-1] for each, value in network.output.items()}
                if widths != {"mean": width, "log_var": width}:
                    raise InputError(
                        f"The {part} of group {name!r} gives {widths}; its block takes {width} "
                        f"values: it must give mean and log_var, {width} of each."
                    )
            above = [tuple(block.output.shape[1:])]

    def _groups(self):
        """(name, posterior, prior, block) of every group, from the top down."""
        priors = (None, *self.priors)
        return zip(self.features, self.posteriors, priors, self.blocks, strict=True)

    @property
    def groups(self):
        blocks = zip(self.features, self.blocks, strict=True)
        return {name: tuple(block.inputs[-1].shape[1:]) for name, block in blocks}

    @property
    def networks(self):
        return (*self.posteriors, *self.priors, *self.blocks)

    @property
    def feature_shapes(self):
        return {
            self.features[name]: tuple(posterior.inputs[-1].shape[1:])
            for name, posterior in zip(self.features, self.posteriors, strict=True)
        }

    @property
    def state_shape(self):
        return tuple(self.blocks[-1].output.shape[1:])

    @property
    def encoded(self):
        return {
            f"{parameter}_{name}": math.prod(shape)
            for name, shape in self.groups.items()
            for parameter in ("mean", "log_var")
        }

    def noise_kinds(self):
        return (("normal", self.size),)

    prior_noise_kinds = noise_kinds

    @property
    def ratio_groups(self):
        """Those below each size of the features: groups of one size are left out together."""
        of_size = list(self.features.values())
        return tuple(k for k in range(1, len(of_size)) if of_size[-k] != of_size[-k - 1])

    def infer(self, features, noise, draws=1, training=False, step=None, pseudo=None):
        """See `Latents`; every draw has posteriors of its own, and `parameters` are none."""
        return self._infer(features, noise, draws, training)

    def infer_above(self, features, noise, draws=1, pseudo=None):
        """See `Latents`; what the prior draws, it draws by the noise that the posterior takes."""
        return self._infer(features, noise, draws, ratio_groups=self.ratio_groups)

    def _infer(self, features, noise, draws, training=False, ratio_groups=()):
        """Both in one way down: every network is in the graph once, and sees all rows at once.

        The rows of each k begin where its lowest k groups do, at the state that the posterior led
        to, and lie between those of the posterior and those of every larger k.
        """
        features = {name: repeat(value, draws) for name, value in features.items()}
        noise, found, kl, log_ratio = self._split(noise), [], {}, 0.0
        above, parts = [], 1
        for left, (name, posterior, prior, block) in zip(
            range(len(self.features), 0, -1), self._groups(), strict=True
        ):
            p = _law(prior, above, training)
            led_to, its_p = _first(parts, above), _first(parts, p)
            q = self._posterior(name, posterior, led_to, its_p, features, training)
            z = normal.sample(q["mean"], q["log_var"], noise[name])
            of_each = normal.kl_to_standard(q["mean"], q["log_var"])
            kl[name] = ops.mean(ops.reshape(of_each, (-1, draws)), axis=1)
            log_q = normal.log_prob(z, q["mean"], q["log_var"])
            log_ratio = log_ratio + normal.log_prob(z, 0.0, 0.0) - log_q
            found.append(z)
            if left in ratio_groups:
                above = [ops.concatenate([*led_to, *above])]
                p = [ops.concatenate(both) for both in zip(its_p, p, strict=True)]
                parts += 1
            if parts > 1:
                z = ops.concatenate([z, *[noise[name]] * (parts - 1)])
            above = [self._below(name, block, above, p, z, training)]
        z = ops.concatenate(found, axis=-1)
        return Draw(z, above[0], {}, kl, ops.reshape(log_ratio, (-1, draws)))

    def encode(self, features):
        found = {}

        def mean(name, posterior, above, p):
            for parameter, value in self._posterior(name, posterior, above, p, features).items():
                found[f"{parameter}_{name}"] = value
            return found[f"mean_{name}"]

        self._descend(mean)
        return {name: found[name] for name in self.encoded}

    def point(self, features):
        encoded = self.encode(features)
        return ops.concatenate([encoded[f"mean_{name}"] for name in self.groups], axis=-1)

    def generate(self, noise, pseudo=None):
        return noise, self.place(noise)

    def place(self, z):
        given = self._split(z)
        return self._descend(lambda name, posterior, above, p: given[name])

    def _descend(self, choose):
        """The last state of the way down, z [rows, width] by choose(name, posterior, above, p)."""
        above = []
        for name, posterior, prior, block in self._groups():
            p = _law(prior, above)
            above = [self._below(name, block, above, p, choose(name, posterior, above, p))]
        return above[0]

    def _below(self, name, block, above, p, z, training=False):
        """The state that follows z [rows, width] of a group, which its prior p places."""
        z, *p = (ops.reshape(each, (-1, *self.groups[name])) for each in (z, *p))
        if p:  # at their places, where the networks gave them: so a graph has its pictures one way
            mean, log_var = p
            z = mean + ops.exp(0.5 * log_var) * z
        return ops.cast(block([*above, z], training=training), "float32")

    def _posterior(self, name, posterior, above, p, features, training=False):
        """{"mean", "log_var"} of z, of which the prior is a standard normal."""
        mean, log_var = _law(posterior, [*above, features[self.features[name]]], training)
        if p and not self.relative:
            prior_mean, prior_log_var = p
            mean = (mean - prior_mean) * ops.exp(-0.5 * prior_log_var)
            log_var = log_var - prior_log_var
        return {"mean": mean, "log_var": log_var}

    def _split(self, flat):
        """[rows, size] -> {group: [rows, width]}."""
        widths, start, parts = [math.prod(shape) for shape in self.groups.values()], 0, {}
        for name, width in zip(self.groups, widths, strict=True):
            parts[name] = flat[:, start : start + width]
            start += width
        return parts

    def get_config(self):
        networks = {"posteriors": self.posteriors, "priors": self.priors, "blocks": self.blocks}
        serialized = {
            name: [keras.saving.serialize_keras_object(each) for each in models]
            for name, models in networks.items()
        }
        facts = {"features": dict(self.features), "relative": self.relative}
        return {**super().get_config(), **facts, **serialized}

    @classmethod
    def from_config(cls, config):
        networks = {
            name: [keras.saving.deserialize_keras_object(each) for each in config[name]]
            for name in ("posteriors", "priors", "blocks")
        }
        return cls(**config | networks)


def _law(network, given, training=False):
    """[mean, log_var] [rows, width] in float32 that a network gives; [] of none."""
    if network is None:
        return []
    found = network(given, training=training)
    return [ops.cast(found[name], "float32") for name in ("mean", "log_var")]


def _first(parts, values):
    """The first of so many equal parts of the rows of each value."""
    return [ops.split(value, parts)[0] for value in values] if parts > 1 else values
