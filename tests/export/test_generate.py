"""Seeds and scores as numbers. That all runtimes agree is in tests/contract, for every model."""

import numpy as np
import pytest

import zoo
from zoo import noise


def test_seeds_may_be_python_numbers(artifact):
    answer = zoo.load(artifact).generate([1, -2, 2**40])
    np.testing.assert_array_equal(answer.z, np.asarray(noise.normal([1, -2, 2**40], (3,))))


def test_generated_latents_are_drawn_from_the_prior(artifact):
    z = zoo.load(artifact).generate(np.arange(20_000)).z
    assert np.abs(z.mean(axis=0)).max() < 5 / 20_000**0.5
    assert np.abs(z.var(axis=0) - 1).max() < 5 * (2 / 20_000) ** 0.5


def test_the_mean_score_is_the_elbo_of_the_report(artifact, trained):
    """Two estimates of one number, from different noise: 16 samples each of 359 examples."""
    x = trained.data.test.examples(range(359))
    score = zoo.load(artifact).score(x)
    assert np.mean(score.kl) == pytest.approx(trained.report.metrics["kl"], rel=1e-4)
    assert np.mean(score.elbo) == pytest.approx(trained.report.metrics["elbo"], abs=0.3)
