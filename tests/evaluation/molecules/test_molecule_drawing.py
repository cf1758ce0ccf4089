"""Pictures of molecules."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("rdkit", reason="rdkit is not installed: pip install 'vae-zoo[molecules]'")

from zoo.errors import InputError
from zoo.evaluation.molecules import draw_molecules, drawing

COLOURS = 60
"""How far a grey of one picture may be from that of another, each in its few colours."""


def test_a_grid_has_a_place_for_each_and_ink_in_it(tmp_path):
    strings = ["CCO", "c1ccccc1", "C(", "CC(=O)O"]
    path = draw_molecules(strings, tmp_path / "a.png", ["one", "two", "three", "four"], columns=3)
    picture = np.asarray(Image.open(path).convert("L"))
    height, width = drawing.HEIGHT, drawing.WIDTH
    assert picture.shape == (2 * height, 3 * width)
    places = picture.reshape(2, height, 3, width).swapaxes(1, 2).reshape(6, -1)
    assert ((places < 128).any(axis=1) == [True, True, True, True, False, False]).all()


def test_the_same_molecules_make_the_same_picture(tmp_path):
    made = [draw_molecules(["CCO", "OCC"], tmp_path / name).read_bytes() for name in "ab"]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("smiles", "legends", "said"),
    [
        ([], None, "0 strings"),
        ("CCO", None, "a list of strings"),
        (["C"] * 401, None, "1 to 400"),
        (["C", "CC"], ["one"], "1 legends of 2 molecules"),
    ],
)
def test_what_does_not_fit_is_refused(smiles, legends, said, tmp_path):
    with pytest.raises(InputError, match=said):
        draw_molecules(smiles, tmp_path / "a.png", legends)
    assert not list(tmp_path.iterdir())


def test_a_title_stands_above_and_an_empty_place_has_no_ink(tmp_path):
    strings = ["CCO", None, "C(", "CC"]
    plain = draw_molecules(strings, tmp_path / "plain.png", columns=2)
    path = draw_molecules(strings, tmp_path / "a.png", columns=2, title="four", empty=[1])
    picture, other = (np.asarray(Image.open(each).convert("L"), int) for each in (path, plain))
    assert (picture[: drawing.TITLE] < 128).any() and len(picture) == len(other) + drawing.TITLE
    grid = picture[drawing.TITLE :]
    place = slice(0, drawing.HEIGHT), slice(drawing.WIDTH, None)
    assert (grid[place] == 255).all() and (other[place] < 128).any()
    grid = np.where(np.indices(grid.shape)[1] < drawing.WIDTH, grid, other)
    np.testing.assert_allclose(grid, other, atol=COLOURS)


def test_a_long_molecule_makes_no_other_small_and_lines_are_between_groups(tmp_path):
    def ink(*strings):
        path = draw_molecules(strings, tmp_path / "a.png", columns=2, group=1)
        return np.asarray(Image.open(path).convert("L"), int)

    some, others = ink("CCO", "CC", "C", "C"), ink("CCO", "C" * 40, "C", "C")
    first = slice(0, drawing.HEIGHT), slice(0, drawing.WIDTH)
    np.testing.assert_allclose(some[first], others[first], atol=COLOURS)
    assert (some[:, drawing.WIDTH] < 255).all() and (some[drawing.HEIGHT] < 255).all()
    assert (some[: drawing.HEIGHT, 2] == 255).all()
