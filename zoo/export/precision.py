"""In what precision a model computes where it was trained."""

import contextlib

import keras


def is_mixed(model):
    """Whether a layer computes in another precision than float32."""
    return any(layer.compute_dtype != "float32" for layer in model._flatten_layers())


@contextlib.contextmanager
def without_tf32():
    """While it lasts, a GPU multiplies float32 as float32: TF32 would keep 10 of its 23 bits."""
    if keras.backend.backend() == "tensorflow":
        from tensorflow.config import experimental

        before = experimental.tensor_float_32_execution_enabled()
        experimental.enable_tensor_float_32_execution(False)
        try:
            yield
        finally:
            experimental.enable_tensor_float_32_execution(before)
    else:
        import jax

        with jax.default_matmul_precision("highest"):
            yield
