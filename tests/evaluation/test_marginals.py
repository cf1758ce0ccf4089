"""The figure of a table's columns."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tables
from PIL import Image

import zoo
from zoo.artifact.columns import Column
from zoo.datasets import binarize
from zoo.evaluation import figures, marginals


def model_of(schema):
    zoo.training.seed_everything(5)
    likelihood = zoo.likelihoods.of_schema("auto", schema)
    return zoo.catalog.build("table_vae", schema.shape, latent=2, units=(4,), likelihood=likelihood)


@pytest.mark.slow
def test_every_column_has_a_panel_and_a_name_is_text(tmp_path, monkeypatch):
    monkeypatch.setattr(marginals, "ROWS", 1000)
    data = tables.data()
    named = [dataclasses.replace(c, name=f"${c.name}_{{") for c in tables.COLUMNS]
    data = binarize(dataclasses.replace(data, schema=tables.schema(named)), "none")
    found = []

    def save(figure, path):
        found.extend(axes.get_title() for axes in figure.axes)
        figures._save(figure, path)

    marginals.draw(model_of(data.schema), data, save, tmp_path / "columns.png")
    assert found == [column.name for column in named]
    drawn = np.asarray(Image.open(tmp_path / "columns.png").convert("RGB")).astype(int)
    blue = (drawn[..., 2] - drawn[..., 0] > 80).mean()
    grey = (np.abs(drawn - 191).max(axis=-1) < 8).mean()
    assert blue > 0.002 and grey > 0.02


@pytest.mark.parametrize("most", [40, 193, 1000])
def test_each_bar_of_counts_holds_as_many_whole_numbers(most):
    figure, panel = plt.subplots()
    values = np.arange(most, dtype=np.float32).repeat(2)
    marginals._panel(panel, Column("visits", "count"), values, values)
    for stairs in panel.patches:
        heights = stairs.get_data().values[:-1]  # the last may reach beyond the data
        assert len(heights) > 5
        np.testing.assert_allclose(heights, heights[0])
    plt.close(figure)


@pytest.mark.slow
def test_generated_rows_are_those_of_their_seeds():
    model = model_of(tables.schema())
    rows = marginals.generated(model, seed=1, rows=1000)
    assert rows.shape == (1000, 8)
    answer = model.generate(np.arange(1000, 1010))
    np.testing.assert_allclose(rows[:10, :5], answer["numbers"], rtol=1e-4)
    np.testing.assert_array_equal(rows[:10, 5:], answer["categories"])
