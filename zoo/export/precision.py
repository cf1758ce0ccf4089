"""The trained model in float32: as it is exported, and as it answers without TF32."""

import contextlib

import keras


def single(model):
    """The same model, uncompiled, computing in float32: an artifact carries no optimizer.

    One that was trained in mixed precision has float32 weights; its layers' policy is replaced.
    """
    bare = type(model).from_config(_in_float32(model.get_config()))
    for mine, theirs in zip(bare.weights, model.weights, strict=True):
        mine.assign(theirs)
    return bare


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


def _in_float32(config):
    """A configuration in which every mixed policy is float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and "mixed" in config["config"]["name"]:
            return config | {"config": config["config"] | {"name": "float32"}}
        return {name: _in_float32(value) for name, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_in_float32(value) for value in config)
    return config
