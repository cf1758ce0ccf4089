"""vae-zoo: variational autoencoders for Keras 3 whose trained models leave as proven artifacts.

`zoo.load` runs an artifact on numpy and onnxruntime alone. Everything else is a submodule, loaded
when first named (PEP 562): importing this package loads neither Keras nor TensorFlow.
"""

import importlib

__version__ = "0.1.0"

_SUBMODULES = (
    "artifact",
    "catalog",
    "datasets",
    "deploy",
    "distributions",
    "errors",
    "evaluation",
    "export",
    "latents",
    "likelihoods",
    "models",
    "networks",
    "noise",
    "objectives",
    "recipe",
    "runtime",
    "schedules",
    "training",
)

__all__ = ["__version__", "load", *_SUBMODULES]


def __getattr__(name):
    if name == "load":
        return importlib.import_module("zoo.runtime").load
    if name not in _SUBMODULES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    try:
        return importlib.import_module(f"zoo.{name}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "zoo":
            raise
        from zoo.errors import MissingDependency

        raise MissingDependency(
            f"zoo.{name} needs {error.name}, which is not installed. The training stack is "
            'installed from a clone by: pip install -c constraints.txt -e ".[train]"'
        ) from error


def __dir__():
    return sorted(__all__)
