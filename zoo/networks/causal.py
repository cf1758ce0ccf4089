"""A decoder of causal dilated convolutions: each step from the steps before it, without recurrence.

In training all steps are computed at once. Unrolled, a step costs as much as one of a recurrent
layer: each block keeps what it was given at the steps that its convolution reaches back to.

Sources: van den Oord et al. 2016, "WaveNet: a generative model for raw audio", equation 3, for
gated blocks that are told of something besides; Yang et al. 2017, "Improved variational
autoencoders for text modeling using dilated convolutions", for such a decoder of a VAE.
"""

import math

import keras
from keras import layers, ops

from zoo import recurrent_cells
from zoo.errors import InputError
from zoo.networks.autoregressive import AtEachStep, Autoregressive, Before, require_teacher

KERNEL = 3


@keras.saving.register_keras_serializable(package="zoo.networks")
class CausalDecoder(Autoregressive):
    """z and x -> the raw output of each step: dilated convolutions over the steps before it.

    Called on [z, x]; final. Events are [steps, features]; x may have any number of steps. A block
    adds to its input h a mixture of tanh(f) * sigmoid(g), where f and g are a causal convolution
    of h plus what a dense layer makes of z.

    Args:
        raw_shape: [steps, raw features] of the likelihood.
        latent: values of z.
        width: channels of the convolutions.
        blocks: dilated by 1, 2, 4, ...; unless given as many as let each step see all before it,
            `blocks_of`. Fewer leave it more to learn from z (Yang et al. 2017).
        kernel: steps that a convolution reads, its own among them.
        teacher_dropout, event_shape: as in `zoo.networks.recurrent.AutoregressiveDecoder`.
        ends: as in `zoo.networks.autoregressive.Autoregressive`.
    """

    def __init__(
        self,
        raw_shape,
        latent,
        width=80,
        blocks=None,
        kernel=KERNEL,
        teacher_dropout=0.0,
        event_shape=None,
        ends=False,
        name="decoder",
        **kwargs,
    ):
        raw_shape = tuple(raw_shape)
        event_shape = tuple(event_shape or raw_shape)
        _check(event_shape, latent, width, kernel)
        require_teacher(teacher_dropout)
        blocks = blocks_of(event_shape[0], kernel) if blocks is None else blocks
        if not isinstance(blocks, int) or blocks < 1:
            raise InputError(f"blocks={blocks}: give residual blocks, 1 or more.")
        z = keras.Input((latent,), name="z")
        x = keras.Input((None, event_shape[1]), name="x")
        seen = Before(name="before")(x)
        seen = layers.Dropout(teacher_dropout, (None, None, 1), name="teacher")(seen)
        h = layers.Dense(width, name="embed")(seen)
        for i in range(blocks):
            h = _block(h, z, i, width, kernel)
        output = layers.Dense(raw_shape[1], dtype="float32", name="output")(h)
        super().__init__(inputs=[z, x], outputs=output, name=name, **kwargs)
        self.raw_shape = raw_shape
        self.event_shape = event_shape
        self.latent = latent
        self.width = width
        self.blocks = blocks
        self.kernel = kernel
        self.teacher_dropout = teacher_dropout
        self.ends = ends

    @property
    def state_sizes(self):
        """Of each block what it was given at the (kernel - 1) * dilation steps before."""
        return tuple((self.kernel - 1) * 2**i * self.width for i in range(self.blocks))

    def stepper(self, inputs):
        z = inputs[0] if isinstance(inputs, list | tuple) else inputs
        embed, output = (recurrent_cells.dense(self.get_layer(n)) for n in ("embed", "output"))
        blocks = [self._block(i, z) for i in range(self.blocks)]

        def step(last, *states):
            h, after = embed(last), []
            for block, state in zip(blocks, states, strict=True):
                after.append(ops.concatenate([state[:, self.width :], h], axis=1))
                h = block(h, state)
            return output(h), tuple(after)

        return step

    def _block(self, i, z):
        """(h [batch, width], its state) -> the next h; what z says is computed once."""
        convolution = self.get_layer(f"block_{i}_convolution")
        kernel = ops.cast(convolution.kernel, recurrent_cells.precision())
        kernel = ops.reshape(kernel, (-1, 2 * self.width))
        told = recurrent_cells.dense(self.get_layer(f"block_{i}_told"))(z)
        mixed = recurrent_cells.dense(self.get_layer(f"block_{i}_mixed"))
        far = 2**i * self.width

        def block(h, state):
            taps = [state[:, k * far : k * far + self.width] for k in range(self.kernel - 1)]
            both = ops.matmul(ops.concatenate([*taps, h], axis=1), kernel) + told
            return h + mixed(_gated(both, self.width))

        return block

    def get_config(self):
        names = ("raw_shape", "latent", "width", "blocks", "kernel", "teacher_dropout")
        names += ("event_shape", "ends", "name")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


def blocks_of(steps, kernel=KERNEL):
    """Blocks that let the last step see all before it: n reach back (kernel - 1)(2^n - 1) + 1."""
    reached = max(0, steps - 2) / (kernel - 1)
    return max(1, math.ceil(math.log2(reached + 1)))


@keras.saving.register_keras_serializable(package="zoo.networks")
class Gate(layers.Layer):
    """[..., 2 * width] -> tanh of the first half times the sigmoid of the second: [..., width]."""

    def call(self, both):
        return _gated(both, both.shape[-1] // 2)


def _block(h, z, i, width, kernel):
    """A gated residual block dilated by 2**i: [batch, steps, width] -> the same."""
    before = layers.Conv1D(
        2 * width,
        kernel,
        dilation_rate=2**i,
        padding="causal",
        use_bias=False,
        name=f"block_{i}_convolution",
    )(h)
    told = layers.Dense(2 * width, name=f"block_{i}_told")(z)
    told = AtEachStep(name=f"block_{i}_repeat")(told, h)
    both = layers.Add(name=f"block_{i}_both")([before, told])
    inner = Gate(name=f"block_{i}_gate")(both)
    return layers.Add(name=f"block_{i}")([h, layers.Dense(width, name=f"block_{i}_mixed")(inner)])


def _gated(both, width):
    return ops.tanh(both[..., :width]) * ops.sigmoid(both[..., width:])


def _check(event_shape, latent, width, kernel):
    if len(event_shape) != 2:
        raise InputError(
            "Causal convolutions take sequences [steps, features]; this data has events of shape "
            f"{event_shape}."
        )
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if not isinstance(width, int) or width < 1:
        raise InputError(f"width={width}: give the convolutions' channels, 1 or more.")
    if not isinstance(kernel, int) or kernel < 2:
        raise InputError(f"kernel={kernel}: give the steps that a convolution reads, 2 or more.")
