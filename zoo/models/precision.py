"""Dtype policies: which ones the networks of a model may have, and a config without them."""

import contextlib

import keras

from zoo.errors import InputError

SUPPORTED = ("float32", "mixed_bfloat16", "mixed_float16")


def require_supported(*networks):
    """Refuses a dtype policy whose weights are not float32.

    Raises:
        InputError: naming the policy.
    """
    named = {keras.config.dtype_policy().name}
    for network in networks:
        named |= {layer.dtype_policy.name for layer in network.layers}
    unfit = sorted(named - set(SUPPORTED))
    if unfit:
        raise InputError(
            f"The dtype policy is {unfit[0]}; models take {', '.join(SUPPORTED)}: densities are "
            'computed in float32, and exported so. keras.config.set_dtype_policy("float32") before '
            "the networks are built."
        )


@contextlib.contextmanager
def float32_policy():
    """Within it, layers whose config states no policy are made in float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def as_float32(config):
    """A copy of a Keras config in which every policy of mixed precision is float32."""
    if isinstance(config, dict):
        changed = {name: as_float32(value) for name, value in config.items()}
        if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in SUPPORTED:
            changed["config"] = {"name": "float32"}
        return changed
    if isinstance(config, list | tuple):
        return type(config)(as_float32(value) for value in config)
    return "float32" if isinstance(config, str) and config in SUPPORTED[1:] else config
