"""Molecules that a model makes, drawn: what stands beside what, and what is said of it."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.datasets import binarize
from zoo.datasets.strings.loading import of_list
from zoo.evaluation import figures, molecule_figures, string_figures
from zoo.evaluation.molecules import drawing, reading

pytest.importorskip("rdkit", reason="rdkit is missing: pip install 'vae-zoo[molecules]'")

TRAIN = ["CCO", "c1ccccc1", "CC(C)N", "C1=CC=CC=C1C", "CCCCO"]
TEST = ["CCO", "CCN", "c1ccccc1", "CC(C)O", "CCCCN", "CC"]


@pytest.fixture(scope="module")
def made():
    """Strings that are molecules."""
    return binarize(of_list(TRAIN * 4, TEST, tokenizer="smiles", steps=12), "none")


@pytest.fixture
def drawn(monkeypatch):
    """What was handed to `draw_molecules`: {name of the picture: (smiles, legends, options)}."""
    pictures = {}

    def keep(smiles, path, legends, columns, **options):
        pictures[path.name] = (smiles, legends, options | {"columns": columns})

    monkeypatch.setattr(molecule_figures, "draw_molecules", keep)
    return pictures


def test_a_sample_stands_beside_the_nearest_training_molecule(made, drawn, monkeypatch, tmp_path):
    texts = ["OCC", "C(", "CCO", "CCCCN"]
    monkeypatch.setattr(string_figures, "sampled", lambda *given: texts)
    molecule_figures.samples(None, made, 0, tmp_path)
    smiles, legends, options = drawn["samples.png"]
    assert smiles == ["OCC", "CCO", "C(", None, "CCO", "CCO", "CCCCN", "CCCCO"]
    assert options["empty"] == [3] and "the nearest training molecule, by" in options["title"]
    assert legends[:6] == ["", "the same, spelt otherwise", "C(", "", "", "the same"]
    (nearest,) = molecule_figures.nearest_molecules(["CCCCN"], ["CCCCO"])
    assert legends[6:] == ["", f"similarity {nearest.similarity:.2f}"]
    monkeypatch.setattr(molecule_figures, "TRAIN", 2)  # the first and the last
    molecule_figures.samples(None, made, 0, tmp_path)
    smiles, _, options = drawn["samples.png"]
    assert smiles[1] == "CCO" and "the nearest training molecule of 2 of them" in options["title"]


def test_a_reconstruction_stands_beside_its_test_molecule(made, drawn, monkeypatch, tmp_path):
    given, rebuilt = ["CCO", "c1ccccc1", "CC("], ["CCO", "C1=CC=CC=C1", "C" * 40 + "("]
    monkeypatch.setattr(string_figures, "reconstructed", lambda *options: (given, rebuilt))
    molecule_figures.reconstructions(None, made, tmp_path)
    smiles, legends, options = drawn["reconstructions.png"]
    assert smiles == [each for pair in zip(given, rebuilt, strict=True) for each in pair]
    assert legends[:4] == ["", "the same", "", "the same, spelt otherwise"]
    assert legends[5] == "C" * (molecule_figures.LONGEST - 1) + "…"
    assert "1 of 3 the same string" in options["title"]


@pytest.mark.parametrize("installed", [True, False])
def test_molecules_are_drawn_where_rdkit_is_and_written_where_it_is_not(
    made, installed, monkeypatch, tmp_path
):
    if not installed:
        monkeypatch.setattr(reading.importlib.util, "find_spec", lambda name: None)
    zoo.training.seed_everything(0)
    likelihood = zoo.likelihoods.of_schema("tokens", made.schema)
    sizes = {"latent": 2, "units": 4, "encoder_units": 3, "context": 3}
    model = zoo.catalog.build("molecule_vae", made.event_shape, **sizes, likelihood=likelihood)
    figures.draw(model, made, [], np.zeros((len(TEST), 2)), tmp_path)
    shapes = {path.name: Image.open(path).size for path in tmp_path.glob("*.png")}
    wanted = {
        "samples.png": (6, 6),
        "reconstructions.png": (6, 2),
        "interpolation.png": (molecule_figures.STEPS + 2, 3),
    }
    for name, (columns, rows) in wanted.items():
        grid = (columns * drawing.WIDTH, rows * drawing.HEIGHT + drawing.TITLE)
        assert (shapes[name] == grid) == installed, name


def test_what_was_not_evaluated_is_not_drawn(made, drawn, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(molecule_figures, "draw", lambda model, data, *rest: seen.append(data))
    model = type("Nothing", (), {"generates": False})
    figures.draw(model, made, [], np.random.default_rng(0).normal(size=(3, 2)), tmp_path)
    rows = seen[0].test.examples(np.arange(3)).astype(int).tolist()
    assert [made.schema.vocabulary.text(row) for row in rows] == [TEST[0], TEST[2], TEST[5]]
