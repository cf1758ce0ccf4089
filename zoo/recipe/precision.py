"""`--precision`: what networks compute in while they are trained.

Weights, densities, the KL, what is drawn, the evaluation and the artifact are float32 always.
"""

import contextlib

from zoo.errors import InputError

FLOAT32 = "float32"
POLICIES = {FLOAT32: FLOAT32, "bfloat16": "mixed_bfloat16"}
"""The dtype policy of Keras under which networks are built, by the option's value."""


def require(precision, tuned_from=None):
    """Refuses a precision that there cannot be, before anything is loaded.

    Args:
        precision: one of `POLICIES`.
        tuned_from: the artifact whose model is trained on, or None.

    Raises:
        InputError: if a model that is there already is trained on, or what computes for Keras does
            not compute in this precision.
    """
    if precision == FLOAT32:
        return
    if tuned_from is not None:
        raise InputError(
            f"--precision {precision} is for networks that are built, and --from trains on those "
            f"of {tuned_from}, which are float32 as in every artifact. Leave one of the two out."
        )
    import keras

    try:
        _compute(precision)
    # Whatever a backend raises for a dtype that a device has no kernels for.
    except Exception as error:
        where = f"{keras.backend.backend()} on {keras.distribution.list_devices()[0]}"
        raise InputError(
            f"--precision {precision}: Keras on {where} does not compute in it "
            f"({type(error).__name__}: {str(error).strip().splitlines()[0]:.200}). Leave it out: "
            "float32 is computed everywhere."
        ) from error


@contextlib.contextmanager
def of_networks(precision):
    """Within it, networks are built that compute in this precision."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def as_published(model, precision):
    """What is evaluated and published of a trained model: the same weights, all in float32."""
    return model if precision == FLOAT32 else model.bare()


def _compute(precision):
    """Computes what networks are made of: a convolution up and down, a product of matrices."""
    from keras import ops

    image, kernel, matrix = (
        ops.ones(shape, precision) for shape in ((1, 4, 4, 2), (3, 3, 2, 2), (2, 3))
    )
    down = ops.conv(image, kernel, strides=2, padding="same")
    up = ops.conv_transpose(down, kernel, strides=2, padding="same")
    ops.convert_to_numpy(ops.cast(ops.sum(up), FLOAT32))
    ops.convert_to_numpy(ops.cast(ops.matmul(ops.silu(matrix), ops.transpose(matrix)), FLOAT32))
