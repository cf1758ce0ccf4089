"""What a program hands a model in training: events, weights of examples, a weight of the loss."""

from keras import ops

from zoo.errors import InputError


def require_event(model, name, values, fewer_steps=False):
    """Raises an `InputError` for what would broadcast into nats of something else.

    Args:
        model: a `LatentModel`.
        name: of the values, "x" or "y".
        values: [batch, *event], if they fit.
        fewer_steps: whether the first axis of an event may be shorter, as of batches by length.
    """
    shape = tuple(values.shape)
    if shape[1:] == model.event_shape:
        return
    if fewer_steps and shape[2:] == model.event_shape[1:] and model.takes_fewer_steps:
        return
    remedy = "Reshape it"
    if name == "y":
        remedy += ", or leave y out: fit(x) reconstructs x; labels are no y of a VAE"
    elif (*shape[1:], 1) == model.event_shape:
        remedy = f"Give it its one channel, {name}[..., None]"
    raise InputError(
        f"{model.name}: {name} has the shape {_batch(shape)}; wanted is "
        f"{_batch((None, *model.event_shape))}. {remedy}."
    )


def made(model, x):
    """(x, {}) of what `call` is given; of a dict the x that the model's `feed` makes, and {"x": x}.

    The latter is for `call` to return, so that `compute_loss` knows it.
    """
    if not isinstance(x, dict):
        return x, {}
    x = model.feed(x)
    return x, {"x": x}


def weight_of_examples(sample_weight):
    """float32 [batch] of what Keras hands on, or None."""
    if sample_weight is None:
        return None
    shape = tuple(sample_weight.shape)
    if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        raise InputError(
            f"sample_weight has the shape {_batch(shape)}; wanted is one weight an example, "
            "[batch]: it weighs all terms of its example."
        )
    return ops.reshape(ops.cast(sample_weight, "float32"), (-1,))


def one_number(name, value):
    """The one number that a value is or holds, 1.0 for None: 0 or more."""
    value = 1.0 if value is None else value
    value = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0.0:
        raise InputError(f"{name}={value!r}: give one number, 0 or more, for the one loss.")
    return float(value)


def _batch(shape):
    return "[" + ", ".join("batch" if i == 0 else str(n) for i, n in enumerate(shape)) + "]"
