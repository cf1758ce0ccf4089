"""The figures of docs/faces.md: where the manifold's codes lie, and that no photograph is drawn."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import stats

import zoo
from zoo import catalog, datasets

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import faces


def test_cells_of_the_plane_are_equally_likely_and_its_rows_begin_at_the_top():
    codes = faces.plane(4)
    edges = stats.norm.cdf(codes) * 4
    np.testing.assert_allclose(edges, np.floor(edges) + 0.5, atol=1e-6)  # the middles of quarters
    assert {tuple(cell) for cell in np.floor(edges)} == {(i, j) for i in range(4) for j in range(4)}
    assert (np.diff(codes[:4, 0]) > 0).all() and (codes[:4, 1] == codes[:, 1].max()).all()


@pytest.mark.slow
def test_the_manifold_shows_what_its_codes_decode_to_side_by_side(tmp_path):
    model = catalog.dense_vae((8, 6, 1), latent=2, units=(3,), likelihood="continuous_bernoulli")
    schema = datasets.Schema("image", (8, 6, 1), spacing=1 / 255, uint8=True)
    faces.manifold(model, schema, tmp_path / "manifold.png", side=3)
    means = keras.ops.convert_to_numpy(model.decode(faces.plane(3))["x_mean"])[..., 0]
    wanted = np.block([[means[3 * row + column] for column in range(3)] for row in range(3)])
    with Image.open(tmp_path / "manifold.png") as image:
        drawn = np.asarray(image.convert("L").resize((18, 24), Image.Resampling.BOX)) / 255
    np.testing.assert_allclose(drawn, wanted, atol=0.05)


@pytest.mark.slow
def test_what_is_drawn_of_photographs_is_decoded(tmp_path):
    """Photographs that are noise, which no decoder gives: none of them is in a figure."""
    x = np.random.default_rng(0).integers(0, 2, (60, 8, 8, 1)).astype(np.uint8) * 255
    loaded = datasets.from_arrays(x, name="noise", test_share=0.5)
    law, prior, options = faces.models()["conv_vae"]
    options |= {"latent": 3, "filters": (3,), "dense": 4}
    model, epochs, _ = faces.trained("conv_vae", law, loaded, 1, prior=prior, **options)
    faces.draw(model, loaded, tmp_path)
    assert epochs == 1
    assert {file.name for file in tmp_path.iterdir()} == {"samples.png", "interpolation.png"}
    for file in tmp_path.iterdir():
        with Image.open(file) as image:
            values = np.asarray(image.convert("L"))[60:]  # below the title
        assert (values < 40).mean() < 0.01  # half of a photograph's pixels are black
    assert zoo.evaluation.samples(model, datasets.binarize(loaded, "none"), np.arange(2)).any()
