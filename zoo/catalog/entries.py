"""The table of named models: what there is, and a model by its name."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from zoo.errors import InputError

PARTS = ("posterior", "prior", "likelihood", "objective", "seed", "prior_share", "mean_share")
PARTS += ("property_head",)
ENTRIES = {}


@dataclass(frozen=True)
class Entry:
    """A named model: its builder, the family of its networks, and what it is listed for."""

    build: Callable
    family: str
    event_shape: tuple


def entry(family, event_shape=(28, 28, 1)):
    """Enters a builder into the catalog under its own name.

    Args:
        family: of its networks.
        event_shape: of data that it is made for, for which `table` builds it.
    """

    def enter(builder):
        ENTRIES[builder.__name__] = Entry(builder, family, event_shape)
        return builder

    return enter


def names():
    """Names of the catalog's entries."""
    return list(ENTRIES)


def build(name, event_shape, **options):
    """A model by its name; `options` are its builder's.

    Raises:
        InputError: for an unknown name or option.
    """
    if name not in ENTRIES:
        raise InputError(f"model {name!r} is unknown; there are {', '.join(ENTRIES)}.")
    parameters = inspect.signature(ENTRIES[name].build).parameters
    known = [each for each in parameters if each not in ("event_shape", "parts")]
    known += [each for each in PARTS if "parts" in parameters and each not in known]
    unknown = [each for each in options if each not in known]
    if unknown:
        raise InputError(f"{name} has no option {', '.join(unknown)}; it has {', '.join(known)}.")
    return ENTRIES[name].build(event_shape, **options)


def table():
    """Yields (name, family, posterior, prior, likelihood, objective, parameters) of every entry.

    Built for its own `event_shape`.
    """
    for name in ENTRIES:
        model = build(name, ENTRIES[name].event_shape)
        facts = model.latent_facts
        yield (
            name,
            ENTRIES[name].family,
            facts.get("posterior", "-"),
            facts.get("prior", "-"),
            model.likelihood.family,
            model.objective_shown,
            model.count_params(),
        )
