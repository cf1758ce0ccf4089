"""Likelihoods p(x|z): what a decoder's raw output means, one likelihood a file.

A likelihood is a small Keras layer, since some of them learn (a scale); the maths itself lies in
`zoo.distributions`. `zoo.likelihoods.base` says what each states: the data that it describes, so
that a model and data which do not belong together are refused before training, the raw output that
it takes of a decoder, and what `decode` answers.

Classes are loaded when first used, so that the names alone need no Keras.
"""

import importlib

from zoo.artifact.schema import TABLE
from zoo.errors import InputError

COLUMNS = "columns"
"""What `of_schema` calls the likelihood of a table, which no name alone makes."""

NAMES = {
    "bernoulli": "Bernoulli",
    "continuous_bernoulli": "ContinuousBernoulli",
    "normal": "Normal",
    "laplace": "Laplace",
    "discretized_logistic": "DiscretizedLogistic",
    "categorical": "Categorical",
    "negative_binomial": "NegativeBinomial",
    "library_negative_binomial": "LibraryNegativeBinomial",
    "strokes": "Strokes",
    "tokens": "Tokens",
}
"""name -> the class of the file of that name."""

_HOMES = {
    "Likelihood": "base",
    "LocationScale": "location_scale",
    "Standardized": "standardized",
    "Columns": "columns",
} | {made: name for name, made in NAMES.items()}

__all__ = ["NAMES", "get", "load_all", "of_schema", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo.likelihoods' has no attribute {name!r}")
    return getattr(importlib.import_module(f"zoo.likelihoods.{_HOMES[name]}"), name)


def __dir__():
    return sorted(__all__)


def load_all():
    """Imports every class: a Keras file names its own, and Keras must know it."""
    for name in _HOMES.values():
        importlib.import_module(f"zoo.likelihoods.{name}")


def get(likelihood):
    """A likelihood from its name, or the likelihood itself.

    Raises:
        InputError: for an unknown name.
    """
    if isinstance(likelihood, __getattr__("Likelihood")):
        return likelihood
    if likelihood not in list(NAMES):
        raise InputError(f"likelihood {likelihood!r} is unknown; there are {', '.join(NAMES)}.")
    return __getattr__(NAMES[likelihood])()


def of_schema(name, schema):
    """The likelihood of that name, of data as a `zoo.datasets.Schema` describes it.

    Of a table it is a law for each column, `Columns`, by the names "columns" and "auto".

    Where the schema states a center and a scale, and the likelihood is of any real numbers,
    networks are given standardised values, and each feature has a scale of its own; means, draws
    and densities stay in the data's units. Strokes have one scale for both of their offsets.

    Raises:
        InputError: for an unknown name, another than "columns" of a table, or one that knows of no
            missing values where some are.
    """
    if schema.kind == TABLE and name in ("auto", COLUMNS):
        return __getattr__("Columns")(schema.columns)
    if schema.kind == TABLE or name == COLUMNS:
        raise InputError(
            f"likelihood {name!r} of a {schema.kind}: a table has a law for each column, the "
            f"likelihood {COLUMNS!r}, and nothing else has; leave --likelihood at auto."
        )
    likelihood = get(name)
    if isinstance(likelihood, __getattr__("Tokens")):
        return type(likelihood)(len(schema.tokens) or likelihood.count)
    if isinstance(likelihood, __getattr__("Strokes")):
        scale = schema.scale[0] if schema.is_strokes else likelihood.scale
        return type(likelihood)(likelihood.components, scale)
    if not schema.center or likelihood.support != __getattr__("Likelihood").support:
        if schema.missing:
            raise InputError(
                f"likelihood {name!r} knows of no missing values, and some of the data's are: take "
                "normal or laplace."
            )
        return likelihood
    if isinstance(likelihood, __getattr__("LocationScale")):
        likelihood = type(likelihood)(initial_scale=1.0, by_feature=True)
    return __getattr__("Standardized")(likelihood, schema.center, schema.scale, schema.missing)
