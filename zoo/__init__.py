"""vae-zoo: variational autoencoders for Keras 3 whose trained models leave as proven artifacts.

`zoo.load` runs an artifact on numpy and onnxruntime alone. `zoo.VAE`, `zoo.fit`, `zoo.evaluate`
and `zoo.publish` make one. These names and the submodules are loaded when first used (PEP 562):
importing this package loads neither Keras nor TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo import (
        artifact,
        catalog,
        datasets,
        deploy,
        distributions,
        errors,
        evaluation,
        explorer,
        export,
        latents,
        likelihoods,
        models,
        networks,
        noise,
        objectives,
        recipe,
        runtime,
        schedules,
        training,
    )
    from zoo.models.autoencoder import Autoencoder
    from zoo.models.vae import VAE
    from zoo.recipe.road import evaluate, fit, publish
    from zoo.runtime import load
    from zoo.training import Settings

__version__ = "0.1.0"

__all__ = [
    "VAE",
    "Autoencoder",
    "Settings",
    "__version__",
    "artifact",
    "catalog",
    "datasets",
    "deploy",
    "distributions",
    "errors",
    "evaluate",
    "evaluation",
    "explorer",
    "export",
    "fit",
    "latents",
    "likelihoods",
    "load",
    "models",
    "networks",
    "noise",
    "objectives",
    "publish",
    "recipe",
    "runtime",
    "schedules",
    "training",
]

# name -> the module it is of; every other public name is a submodule.
_HOMES = {
    "Autoencoder": "zoo.models.autoencoder",
    "Settings": "zoo.training",
    "VAE": "zoo.models.vae",
    "evaluate": "zoo.recipe.road",
    "fit": "zoo.recipe.road",
    "load": "zoo.runtime",
    "publish": "zoo.recipe.road",
}


def _load(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    home = _HOMES.get(name)
    try:
        if home:
            return getattr(importlib.import_module(home), name)
        return importlib.import_module(f"zoo.{name}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "zoo":
            raise
        from zoo.errors import MissingDependency

        raise MissingDependency(
            f"zoo.{name} needs {error.name}, which is not installed. The training stack is "
            'installed by: pip install "vae-zoo[train]"; in a clone by: pip install -c '
            'constraints.txt -e ".[train]"'
        ) from error


if not TYPE_CHECKING:  # to a type checker, a name that is not above is a fault
    __getattr__ = _load


def __dir__() -> list[str]:
    return sorted(__all__)
