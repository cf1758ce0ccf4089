"""Figures hold what they say: checked on the pixels, not on the calls that drew them."""

import numpy as np
import pytest
from PIL import Image

from zoo.datasets import Schema
from zoo.evaluation import figures


def test_every_figure_is_drawn_and_is_not_blank(trained):
    names = {path.name for path in trained.figures.glob("*.png")}
    assert names == {
        "reconstructions.png",
        "samples.png",
        "interpolation.png",
        "latent.png",
        "history.png",
    }
    for name in names:
        pixels = np.asarray(Image.open(trained.figures / name).convert("L"))
        assert min(pixels.shape) > 150 and pixels.std() > 5, name


@pytest.mark.parametrize("labels", [None, np.arange(40) % 3])
@pytest.mark.parametrize("latents", [1, 2, 5])
def test_the_latent_scatter_takes_any_number_of_latents(tmp_path, trained, latents, labels):
    means = np.random.default_rng(0).normal(size=(40, latents))

    class Data:
        class test:  # noqa: N801  stands where a split does
            pass

        schema = Schema("vector", (2,))

    Data.test.labels = labels
    figures.latent_scatter(means, Data, tmp_path)
    pixels = np.asarray(Image.open(tmp_path / "latent.png").convert("RGB")).reshape(-1, 3)
    coloured = (pixels.max(axis=1).astype(int) - pixels.min(axis=1) > 60).sum()
    assert coloured > 200  # points


@pytest.mark.parametrize(
    ("classes", "legend"),
    [
        ((), ["0", "2", "3"]),
        (("cat", "dog", "_$a$ cow", "a" * 30), ["cat", "_$a$ cow", "a" * 23 + "…"]),
        (("cat",), ["cat", "2", "3"]),
    ],
)
def test_the_legend_has_the_names_of_the_classes_or_their_numbers(
    tmp_path, monkeypatch, classes, legend
):
    class Data:
        schema = Schema("vector", (2,), classes=classes)

        class test:  # noqa: N801  stands where a split does
            labels = np.array([0, 2, 3, 2] * 5)

    shown, save = [], figures._save

    def save_and_read(figure, path):
        shown.extend(text.get_text() for text in figure.axes[0].get_legend().get_texts())
        save(figure, path)

    monkeypatch.setattr(figures, "_save", save_and_read)
    figures.latent_scatter(np.random.default_rng(0).normal(size=(20, 2)), Data, tmp_path)
    assert shown == legend and (tmp_path / "latent.png").exists()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_mosaic_holds_every_image_at_its_place_and_white_between(channels):
    images = np.random.default_rng(1).random((2, 3, 8, 5, channels))
    whole = figures.mosaic(images)
    assert whole.shape[:2] == (2 * 8 + 1, 3 * 5 + 2)
    white = np.ones(whole.shape[:2], bool)
    for row in range(2):
        for column in range(3):
            place = np.s_[9 * row : 9 * row + 8, 6 * column : 6 * column + 5]
            np.testing.assert_array_equal(whole[place], images[row, column].squeeze())
            white[place] = False
    assert (whole[white] == 1.0).all()


def test_ink_is_drawn_black_and_light_as_light_in_the_units_of_the_data():
    values = np.array([-1.0, 0.0, 1.0, 1.5])
    photographs = Schema("image", (1, 4, 1), low=-1.0)
    np.testing.assert_allclose(figures.light(values, photographs), [0.0, 0.5, 1.0, 1.0])
    writing = Schema("image", (1, 4, 1), ink=True)
    np.testing.assert_allclose(figures.light(values, writing), [1.0, 1.0, 0.0, 0.0])


@pytest.mark.parametrize(("ink", "background"), [(False, 0), (True, 255)])
def test_a_picture_of_zeros_has_the_tone_that_its_schema_says(tmp_path, ink, background):
    schema = Schema("image", (8, 8, 1), ink=ink)
    figures._grid(np.zeros((2, 10, 8, 8, 1)), schema, tmp_path / "zeros.png", "zeros")
    pixels = np.asarray(Image.open(tmp_path / "zeros.png").convert("L"))
    assert pixels[pixels.shape[0] // 2 + 25, pixels.shape[1] // 2 - 25] == background
