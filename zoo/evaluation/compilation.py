"""A model's method compiled by whatever backend runs."""

import contextlib

import keras
import numpy as np

_latest = {"model": None}  # and its compiled methods; one model at a time, so that none piles up


def compiled_method(model, method):
    """`model.method` compiled: a callable on numpy arrays. Once for each input shape.

    In place of a method's name, a function of a module may be given, which takes the model first.
    """
    if _latest["model"] is not model:
        _latest.clear()
        _latest["model"] = model
    if method not in _latest:
        _latest[method] = CompiledMethod(model, method)
    return _latest[method].run


class CompiledMethod(keras.Model):
    """Calls `getattr(model, method)`, or `method(model, ...)`, on arrays; numpy in, numpy out.

    Written on `keras.Model.predict_on_batch`, the one compiled call that all Keras backends share.
    On JAX in float32 proper, where a GPU's products keep 10 of 23 bits otherwise (TF32).
    """

    def __init__(self, model, method):
        super().__init__()
        self.model = model
        self.method = method
        self.built = True
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs):
        if callable(self.method):
            return self.method(self.model, *inputs)
        return getattr(self.model, self.method)(*inputs)

    def run(self, *arrays):
        """The method's outputs for these arrays."""
        with _without_tf32():
            return self.predict_on_batch([np.asarray(array) for array in arrays])


def _without_tf32():
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.default_matmul_precision("highest")
