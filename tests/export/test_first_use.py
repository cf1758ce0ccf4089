"""The lines of a card that use an artifact, for each kind of data."""

import ast

import pytest

from zoo.export import first_use


def manifest(kind, shape, asked=("seed",), answers=("x_mean",), columns=(), missing=False):
    return {
        "schema": {
            "kind": kind,
            "columns": [{"name": name, "missing": False} for name in columns],
        },
        "event_shape": shape,
        "endpoints": {
            "generate": {"inputs": [{"name": name} for name in asked]},
            "decode": {"outputs": [{"name": name} for name in answers]},
            "reconstruct": {"inputs": [{"name": "numbers", "missing": missing}]},
        },
    }


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (manifest("image", [8, 8, 1]), "images = vae.generate([1, 2, 3]).x_mean"),
        (manifest("vector", [4]), "vectors = vae.generate([1, 2, 3]).x_mean"),
        (manifest("series", [9, 2]), "series = vae.generate([1, 2, 3]).x_mean"),
        (
            manifest("series", [9, 2]),
            "surprise = -vae.score(series).elbo  # nats; a longer series is",
        ),
        (manifest("image", [8, 8, 1], ("seed", "label")), "images = vae.generate([1, 2, 3], [1, 1"),
        (manifest("vector", [4], ("seed", "library")), "[1, 2, 3], library=[500, 1000, 1000])"),
        (manifest("vector", [4], ("seed", "library")), "counts = made.draw([1, 2, 3])  # int64"),
        (manifest("sequence", [9, 3], answers=("x_mean", "strokes")), "[1, 2, 3]).strokes"),
        (manifest("table", [2], columns=('größe\n"',)), '.table  # a dict of columns, {"größe\\n'),
        (
            manifest("table", [2], columns=("a",)),
            "why = vae.score(rows).table  # the share of each",
        ),
        (
            manifest("table", [2], columns=("a",), missing=True),
            'rows | {"a": [float("nan")] * 3}).table',
        ),
    ],
)
def test_each_kind_of_data_is_used_by_its_own_name_and_units(given, lines):
    said = first_use.of(given)
    assert lines in said
    ast.parse(said)


def test_an_autoencoder_generates_nothing():
    given = manifest("vector", [4])
    del given["endpoints"]["generate"]
    assert first_use.of(given) == "z = vae.encode(np.zeros((1, 4), np.float32)).z"


def test_what_may_not_be_missing_is_not_left_out():
    assert "filled" not in first_use.of(manifest("table", [2], columns=("a",)))
