"""The recipe of tables, from an embedded table to an artifact that answers."""

import keras
import numpy as np
import pytest
from processes import run_here

import zoo
from zoo import catalog, likelihoods
from zoo.artifact.columns import Column
from zoo.errors import InputError

QUICK = ("--epochs", "1", "--steps-per-epoch", "2", "--samples", "2", "--no-float16")


@pytest.mark.slow
def test_a_table_becomes_an_artifact_that_draws_rows_and_says_what_is_unusual(tmp_path):
    done = run_here("recipes/table_vae.py", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "a table: a law for each column" in done.stdout
    folder = tmp_path / "exports" / "table_vae-wine"
    assert (folder / "figures" / "columns.png").exists()
    vae = zoo.load(folder)
    metrics = vae.manifest["metrics"]
    assert metrics["imputation_rmse_of_means"] == pytest.approx(1.0, abs=0.3)
    rows = vae.generate([1, 2, 3])
    assert rows.numbers.shape == (3, 13) and rows.categories.shape == (3, 1)
    score = vae.score(rows.numbers, rows.categories)
    assert score.contribution.shape == (3, 14)
    np.testing.assert_allclose(score.contribution.sum(axis=1), score.reconstruction, rtol=1e-4)
    filled = vae.reconstruct(rows.numbers, rows.categories)
    assert np.isfinite(filled.numbers_mean).all() and (filled.categories_mode >= 0).all()
    by_column = vae.score(rows.table).table
    np.testing.assert_array_equal(
        np.stack([*by_column.values()], 1), vae.score(rows.table).contribution
    )
    names = [column.name for column in vae.schema.columns]
    assert [*by_column] == names
    gap = {
        "magnesium": [None] * 3,
        "cultivar": [None] * 3,
    }  # wine misses nothing; training hid some
    filled = vae.reconstruct(rows.table | gap).table
    assert np.isfinite(filled["magnesium"]).all() and all(
        each.startswith("cultivar ") for each in filled["cultivar"]
    )
    missing = rows.numbers.copy()
    missing[:, 4] = np.nan
    score = vae.score(missing, rows.categories)
    assert (score.table["magnesium"] == 0.0).all() and np.isfinite(score.elbo).all()
    (said,) = vae.manifest["protocol"]["baselines"]
    assert "of each column by itself" in said and "PCA" not in said


@pytest.mark.slow
def test_an_artifact_takes_the_text_of_the_file_that_it_was_trained_on(tmp_path):
    """A German export: its prices, dates and gaps as they stand there, or as numbers and dates."""
    prices, days = np.arange(60) * 7.25 + 1000, np.arange(60) * 3 % 28 + 1
    text = [f"{price:,.2f} €".translate(str.maketrans(",.", ".,")) for price in prices]
    given = {"price": [*text[:-1], ""], "on": [f"{day}.1.2024" for day in days]}
    lines = [f"{price};{day}" for price, day in zip(*given.values(), strict=True)]
    (tmp_path / "sales.csv").write_text("\n".join(["price;on", *lines]))
    done = run_here("recipes/table_vae.py", "--dataset", "sales.csv", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    vae = zoo.load(tmp_path / "exports" / "table_vae-sales")
    plain = {
        "price": [*prices[:-1], None],
        "on": np.array([f"2024-01-{day:02d}" for day in days], "datetime64[D]"),
    }
    np.testing.assert_array_equal(vae.score(given).elbo, vae.score(plain).elbo)
    with pytest.raises(InputError, match=r"score\('price'\): given '€1,007.25', str, in row 1;"):
        vae.score(given | {"price": [text[0], "€1,007.25", *text[2:]]})


@pytest.mark.parametrize("hidden", [0.0, 0.1])
def test_any_value_may_be_missing_where_training_hid_some(hidden):
    columns = [Column("a", "real", missing=True), Column("b", "boolean", words=("no", "yes"))]
    table = likelihoods.Columns(columns)
    sizes = {"latent": 2, "units": (4,), "likelihood": table}
    model = catalog.build("table_vae", (2,), hidden=hidden, **sizes)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    for each in (model, again):
        for endpoint in ("encode", "reconstruct", "score"):
            found = {t.name: t.missing for t in each.endpoints()[endpoint].inputs}
            assert found == {"numbers": hidden > 0, "categories": hidden > 0}


def test_a_picture_is_no_table_and_is_refused_before_anything_is_trained(tmp_path):
    done = run_here("recipes/table_vae.py", "--dataset", "digits", "--dry-run", cwd=tmp_path)
    assert done.returncode == 2 and "table_vae takes a table" in done.stderr


def test_the_builder_refuses_what_has_no_sense_for_a_table():
    with pytest.raises(InputError, match="no pseudo-input of a vampprior"):
        catalog.build("table_vae", (3,), prior="vampprior")
    with pytest.raises(InputError, match="takes a table"):
        catalog.build("table_vae", (3,), likelihood=likelihoods.get("normal"))
