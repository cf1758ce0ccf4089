"""The card's command line: its parser makes the same `Config` of it again, whatever the options."""

import dataclasses
import importlib.util
import inspect
import shlex
import sys
import types
import typing
from pathlib import Path

import numpy as np
import pytest
import tyro

import zoo
from zoo.recipe import command, options

ROOT = Path(zoo.__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "recipes").glob("*.py") if path.stem != "prepare")
TEXTS = ["a", "two words", "it's", '"', "-x", "--seed", "--seed=3", "-1", "", "a=b", "ä$;*", "\n"]
FLOATS = [0.1, -0.1, -1e-3, 1e-300, 1e22, -2.0, 3.0, 1 / 3, float("inf"), 5e-324]


def config_class(name, monkeypatch):
    """The `Config` of recipes/name.py."""
    monkeypatch.syspath_prepend(ROOT / "recipes")
    spec = importlib.util.spec_from_file_location(f"recipe_{name}", ROOT / f"recipes/{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.Config


def drawn(kind, rng):
    """A value of an annotated type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return drawn(inner[rng.integers(len(inner))], rng)
    if origin is typing.Literal:
        return inner[rng.integers(len(inner))]
    if origin is tuple:
        count = rng.integers(0, 4) if inner[-1] is Ellipsis else len(inner)
        values = tuple(drawn(inner[0], rng) for _ in range(count))
        # one of several texts that looks like an option is one, and no recipe takes it
        return tuple(v for v in values if not (isinstance(v, str) and v.startswith("-")))
    values = {
        type(None): [None],
        bool: [True, False],
        int: [0, 1, -1, 128, -(2**40), 2**40],
        float: FLOATS,
        str: [text for text in TEXTS if text != "None"],
        Path: [Path(text) for text in TEXTS],
    }[kind]
    return values[rng.integers(len(values))]


def parsed(config, arguments):
    return tyro.cli(type(config), args=arguments)


@pytest.mark.slow
def test_every_option_of_every_recipe_survives_the_command_line(monkeypatch):
    """An option that several recipes share is tried in one of them."""
    rng, tried = np.random.default_rng(0), set()
    for name in NAMES:
        made = config_class(name, monkeypatch)
        for option, kind in typing.get_type_hints(made).items():
            if (option, kind) in tried:
                continue
            tried.add((option, kind))
            for _ in range(8):
                config = dataclasses.replace(made(), **{option: drawn(kind, rng)})
                assert parsed(config, command.arguments(config)) == config
    assert len(tried) > 50


@pytest.mark.parametrize("name", NAMES)
def test_the_line_on_the_card_is_what_a_shell_takes(name, monkeypatch):
    made = config_class(name, monkeypatch)
    rng = np.random.default_rng(1)
    hints = typing.get_type_hints(made)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    for _ in range(6):
        config = made(**{option: drawn(kind, rng) for option, kind in hints.items()})
        python, script, *arguments = shlex.split(
            command.line(f"/home/somebody/recipes/{name}.py", config)
        )
        assert (python, script) == ("python", f"recipes/{name}.py")
        defaults = {option: getattr(made(), option) for option in command.NOT_OF_THE_RUN}
        assert parsed(config, arguments) == dataclasses.replace(config, **defaults)


def test_the_backend_is_part_of_the_line(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    line = command.line("recipes/dense_vae.py", options.VAE(doubly_reparameterized=False))
    assert line == "KERAS_BACKEND=jax python recipes/dense_vae.py --no-doubly-reparameterized"


@pytest.mark.parametrize("name", NAMES)
def test_no_option_of_a_model_hides_one_that_every_recipe_has(name, monkeypatch):
    """`restart`, a share of a codebook, once hid `--restart`: no such run could be resumed."""
    of_all = typing.get_type_hints(options.Config)
    of_model = typing.get_type_hints(config_class(name, monkeypatch))
    assert {option: of_model[option] for option in of_all} == of_all


@pytest.mark.parametrize("name", NAMES)
def test_every_option_of_a_model_reaches_its_builder(name, monkeypatch):
    made = config_class(name, monkeypatch)
    parameters = set(inspect.signature(zoo.catalog.ENTRIES[name].build).parameters)
    known = parameters | (set(zoo.catalog.PARTS) if "parts" in parameters else set())
    through_objective = {"beta", "anneal", "anneal_steps", "free_bits", "capacity", "draws"}
    through_objective |= {"doubly_reparameterized", "objective", "free_bits_together"}
    through_objective |= {"anneal_order"}
    own = set(typing.get_type_hints(made)) - set(typing.get_type_hints(options.Config))
    given = set(options.of_model(made()))
    for option in own - through_objective:
        assert option in given and option in known, option
