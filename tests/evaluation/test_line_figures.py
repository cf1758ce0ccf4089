import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.datasets import binarize
from zoo.evaluation import line_figures


@pytest.mark.slow
def test_series_are_drawn_and_their_features_named(tmp_path, monkeypatch):
    x = np.random.default_rng(0).normal(size=(20, 12, 2)).astype(np.float32)
    np.savez(tmp_path / "x.npz", series=x, features=["flow $m^3", "a" * 40])
    data = binarize(zoo.datasets.load(tmp_path / "x.npz"), "none")
    model = zoo.catalog.build("series_vae", (12, 2), latent=2, width=4)
    seen = []
    save = line_figures.save
    monkeypatch.setattr(
        line_figures, "save", lambda figure, path: (seen.append(figure.axes), save(figure, path))
    )
    line_figures.draw(model, data, tmp_path)
    for name, axes in zip(("reconstructions.png", "samples.png"), seen, strict=True):
        assert Image.open(tmp_path / name).size > (300, 200)
        labels = [each.get_ylabel() for each in axes]
        assert labels == ["flow $m^3", *[""] * 3, "a" * 23 + "…", *[""] * 3]
    np.testing.assert_array_equal(seen[0][0].lines[0].get_ydata(), data.test.examples([0])[0, :, 0])


@pytest.mark.slow
def test_sequences_are_drawn_up_to_their_ends(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(5.0, 0.1, (20, 12, 1)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x, length=rng.integers(3, 12, 20))
    data = binarize(zoo.datasets.load(tmp_path / "x.npz"), "none")
    assert data.schema.kind == "sequence"
    model = zoo.catalog.build(
        "rnn_vae",
        data.event_shape,
        latent=2,
        units=4,
        lengths=True,
        likelihood=zoo.likelihoods.of_schema("normal", data.schema),
    )
    seen = []
    save = line_figures.save
    monkeypatch.setattr(
        line_figures, "save", lambda figure, path: (seen.append(figure.axes), save(figure, path))
    )
    zoo.evaluation.draw(model, data, [], rng.normal(size=(len(data.test), 2)), tmp_path)
    for line in seen[0][0].lines:
        assert np.isfinite(line.get_ydata()).sum() == data.test.lengths[0]
    low = seen[1][0].lines[1].get_ydata()[0]
    assert low > 4.0  # what lies past the ends is 0
    assert (tmp_path / "samples.png").exists() and (tmp_path / "latent.png").exists()
