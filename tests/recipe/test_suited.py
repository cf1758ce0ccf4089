"""Data of another kind than a recipe takes: which recipe does is said."""

import pytest

from zoo.artifact.schema import KINDS, Schema
from zoo.recipe import shipped, suited

SHAPES = {"image": (4, 4, 1), "vector": (4,), "table": (4,), "series": (8, 2), "sequence": (8, 3)}


def schema(kind):
    if kind == "table":
        import tables

        return tables.schema()
    return Schema(kind, SHAPES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_that_is_named_takes_the_data(kind):
    names = shipped.names()
    hints = {name: suited.hint(name, schema(kind)) for name in names}
    assert any(hints.values()) and not hints["dense_vae"]
    for said in filter(None, hints.values()):
        named = [name for name in names if name in said]
        assert named and not any(hints[name] for name in named[:1])


def test_every_name_is_a_recipes():
    assert {*suited.TAKES} <= {*shipped.names()}
