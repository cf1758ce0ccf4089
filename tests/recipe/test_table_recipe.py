"""The recipe of tables, from an embedded table to an artifact that answers."""

import numpy as np
import pytest
from processes import run_here

import zoo
from zoo import catalog, likelihoods
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
    missing = rows.numbers.copy()
    missing[:, 4] = np.nan  # wine misses nothing
    with pytest.raises(InputError, match="'magnesium': a value is missing in row 0"):
        vae.score(missing, rows.categories)
    (said,) = vae.manifest["protocol"]["baselines"]
    assert "of each column by itself" in said and "PCA" not in said


def test_a_picture_is_no_table_and_is_refused_before_anything_is_trained(tmp_path):
    done = run_here("recipes/table_vae.py", "--dataset", "digits", "--dry-run", cwd=tmp_path)
    assert done.returncode == 2 and "table_vae takes a table" in done.stderr


def test_the_builder_refuses_what_has_no_sense_for_a_table():
    with pytest.raises(InputError, match="no pseudo-input of a vampprior"):
        catalog.build("table_vae", (3,), prior="vampprior")
    with pytest.raises(InputError, match="takes a table"):
        catalog.build("table_vae", (3,), likelihood=likelihoods.get("normal"))
