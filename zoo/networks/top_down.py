"""Networks of a hierarchical VAE: up from the image to features, down from group to group.

The sizes of an image are those of `zoo.networks.conv`: each of `filters` halves height and width.
Above the coarsest of them stands the group `top`, which has no places. `groups` are how many there
are at the top, then at the coarsest size and so on down; sizes that it does not name have none, and
are the decoder's alone.
"""

import math

import keras
from keras import layers, ops

from zoo.errors import InputError
from zoo.networks import attention as attending
from zoo.networks import conv, residual
from zoo.networks.output_layers import SoftBoundedLogVar

TOP = "top"
COARSEST = 4
PRIOR_RANGES = {"absolute": (-2.0, 2.0), "relative": (-10.0, 2.0)}
"""Of the log_var of priors, by how posteriors are stated. Where it is a narrow one that an absolute
posterior must meet, whatever departs from it costs so much that it does so never again."""

NEAR_NOTHING = 0.01  # of the variance of weights that start near the standard normal


def fitting_filters(event_shape, first=16, most=48):
    """Widths of as many strided convolutions as bring an image to 4x4 or below, one at least."""
    longest = max(event_shape[:2])
    levels = max(1, math.ceil(math.log2(longest / COARSEST)))
    levels = max(1, min(levels, int(math.log2(min(event_shape[:2])))))
    return tuple(min(first * conv.STRIDE**i, most) for i in range(levels))


def fitting_groups(event_shape, filters):
    """One at the top, two at each size up to 8x8, one at those up to 16x16, none at larger ones."""
    sides = [max(conv.grid(event_shape, filters[: i + 1])) for i in range(len(filters))]
    return (1, *(2 if side <= 8 else 1 for side in reversed(sides) if side <= 16))


def encoder(event_shape, filters, groups, dense, activation="silu", blocks=1, attention=False):
    """[batch, height, width, channels] -> {name: features} of every size that has groups.

    A convolution of stride 2 and `blocks` residual blocks for each of `filters`, and `attention`
    after those of a size that it fits, if wanted; the features of `top` are [batch, dense], those
    of others [batch, rows, columns, channels], such as "7x7".
    """
    _check(event_shape, filters, groups, dense, blocks)
    h = x = keras.Input(event_shape, name="x")
    features = {}
    for i, width in enumerate(filters):
        if i:
            h = layers.Activation(activation, name=f"act_{i}")(h)
        h = layers.Conv2D(width, conv.KERNEL, conv.STRIDE, padding="same", name=f"conv_{i}")(h)
        h = _residual(h, f"level_{i}", activation, blocks, attention)
        features[_name(h.shape[1:3])] = h
    h = layers.Flatten(name="flatten")(layers.Activation(activation, name="end")(h))
    features[TOP] = layers.Dense(dense, activation=activation, name=TOP)(h)
    named = list(features)[::-1][: len(groups)]
    return keras.Model(x, {name: features[name] for name in named}, name="encoder")


def way_down(
    event_shape,
    filters,
    groups,
    dense,
    top=16,
    channels=2,
    activation="silu",
    blocks=1,
    attention=False,
    posteriors="absolute",
):
    """What `zoo.latents.TopDown` takes of the sizes that `encoder` was given.

    Args:
        top: values of a group at the top.
        channels: of every other group, at each of its places.
        attention: whether there is some at the beginning of each size that it fits.
        posteriors: "absolute", or "relative" to the priors.

    Returns:
        features: {group: name of its feature}, groups as "top", "4x4_1", "4x4_2", "7x7_1" ...
        posteriors, priors, blocks: a functional model a group; the first has no prior.
    """
    _check(event_shape, filters, groups, dense, blocks)
    if top < 1 or channels < 1:
        raise InputError(f"top={top}, channels={channels}: a group has 1 value or more.")
    if posteriors not in PRIOR_RANGES:
        raise InputError(f"posteriors={posteriors!r}: give {' or '.join(map(repr, PRIOR_RANGES))}.")
    levels = [(None, dense)]
    for i in reversed(range(len(filters))):
        levels.append((conv.grid(event_shape, filters[: i + 1]), filters[i]))
    features, of_x, priors, made, state = {}, [], [], [], None
    for level, count in enumerate(groups):
        size, width = levels[level]
        below = levels[level + 1] if level + 1 < len(groups) else None
        for number in range(count):
            group = _group(size, number, count)
            features[group] = TOP if size is None else _name(size)
            feature = (dense,) if size is None else (*size, width)
            z = (top,) if size is None else (*size, channels)
            down = below if number == count - 1 else None
            of_x.append(_posterior(group, state, feature, z, activation))
            if state:
                priors.append(_prior(group, state, z, activation, PRIOR_RANGES[posteriors]))
            made.append(_block(group, state, z, width, down, activation, blocks, attention))
            state = tuple(made[-1].output.shape[1:])
    return features, of_x, priors, made


def decoder(raw_shape, filters, groups, activation="silu", blocks=1):
    """The last state -> the likelihood's raw output, [batch, height, width, raw channels]."""
    left = filters[: len(filters) - len(groups) + 2]
    return conv.grid_decoder(raw_shape, left[-1], left, activation, blocks)


def _posterior(group, state, feature, z, activation):
    """[state, feature] -> {"mean", "log_var"}, [rows, values of the group]."""
    given = [keras.Input(shape, name="state") for shape in ([state] if state else [])]
    given.append(keras.Input(feature, name="feature"))
    h = layers.Concatenate(name="both")(given) if state else given[0]
    if len(feature) > 1:
        h = layers.Activation(activation, name="act")(h)
        h = layers.Conv2D(
            feature[-1], conv.KERNEL, padding="same", activation=activation, name="conv"
        )(h)
    elif state:
        h = layers.Dense(feature[-1], activation=activation, name="dense")(h)
    return keras.Model(given, _normal(h, z[-1]), name=f"posterior_{group}")


def _prior(group, state, z, activation, bounds):
    """state -> {"mean", "log_var"}, [rows, values of the group]."""
    given = keras.Input(state, name="state")
    seen = layers.Activation(activation, name="act")(given)
    return keras.Model([given], _normal(seen, z[-1], *bounds), name=f"prior_{group}")


def _normal(h, width, *bounds):
    """{"mean", "log_var"} of normals at the places of h, in float32, standard ones at first."""
    small = keras.initializers.VarianceScaling(NEAR_NOTHING)
    mean, raw = (
        _at_places(h, width, kernel_initializer=small, dtype="float32", name=name)
        for name in ("local_mean", "raw_log_var")
    )
    bounded = SoftBoundedLogVar(*bounds, dtype="float32", name="bounded")(raw)
    return {
        name: layers.Flatten(dtype="float32", name=name)(value)
        for name, value in (("mean", mean), ("log_var", bounded))
    }


def _block(group, state, z, width, below, activation, blocks, attention):
    """[state, value of the group] -> the next state: both added, residual blocks.

    `below` is (size, width) of the next size where this is the last group before it.
    """
    given = [keras.Input(shape, name="state") for shape in ([state] if state else [])]
    given.append(keras.Input(z, name="z"))
    h = _at_places(given[-1], width, name="of_z")
    if state:
        h = layers.Add(name="with_z")([given[0], h])
    if len(z) > 1:
        h = _residual(h, "level", activation, blocks)
    if below is None:
        return keras.Model(given, h, name=f"block_{group}")
    (rows, columns), wider = below
    h = layers.Activation(activation, name="before_down")(h)
    if len(z) == 1:
        h = layers.Dense(rows * columns * wider, name="expand")(h)
        h = layers.Reshape((rows, columns, wider), name="grid")(h)
    else:
        h = layers.Conv2D(wider * conv.STRIDE**2, conv.KERNEL, padding="same", name="expand")(h)
        h = ops.depth_to_space(h, conv.STRIDE)  # one operator in a SavedModel and in ONNX
        surplus = ((0, h.shape[1] - rows), (0, h.shape[2] - columns))
        if surplus != ((0, 0), (0, 0)):
            h = layers.Cropping2D(surplus, name="crop")(h)
    h = _residual(h, "below", activation, blocks, attention)
    return keras.Model(given, h, name=f"block_{group}")


def _at_places(h, width, **options):
    """A linear layer, at every place where there are places."""
    if len(h.shape) == 2:
        return layers.Dense(width, **options)(h)
    return layers.Conv2D(width, 1, **options)(h)


def _residual(h, name, activation, blocks, attention=False):
    for i in range(blocks):
        h = residual.block(h, f"{name}_block_{i}", activation, blocks)
    if attention and attending.fits(h.shape[1:3]):
        h = attending.block(h, f"{name}_attention", activation)
    return h


def _name(size):
    return f"{size[0]}x{size[1]}"


def _group(size, number, count):
    """The group's name: its size, and where there are several of it, which."""
    name = TOP if size is None else _name(size)
    return f"{name}_{number + 1}" if count > 1 else name


def _check(event_shape, filters, groups, dense, blocks):
    conv.require_fitting(event_shape, filters, blocks)
    if dense < 1:
        raise InputError(f"dense={dense}: a layer has at least 1 unit.")
    if not 2 <= len(groups) <= len(filters) + 1 or min(groups) < 1:
        fitting = fitting_groups(event_shape, filters)
        raise InputError(
            f"groups={tuple(groups)}: give the groups at the top and at the coarsest size, and of "
            f"as many larger ones as have some, {len(filters)} sizes at most with "
            f"filters={tuple(filters)}; each has 1 or more, as {fitting}."
        )
