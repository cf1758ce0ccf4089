"""Every standard prior against scipy, quadrature and enumeration."""

import numpy as np
import pytest
import tensorflow as tf
from families import LAWS, assert_distributed, quadrature

from zoo import noise
from zoo.latents import priors

SEEDS = np.arange(20_000)  # side by side


@pytest.fixture(params=LAWS)
def law(request):
    return LAWS[request.param]


def test_standard_is_the_prior_of_the_posteriors_family(law):
    posterior = law.posterior()
    prior = priors.get("standard", posterior)
    assert type(prior) is type(law.prior())
    assert prior.support == posterior.support
    assert posterior.standard in (prior.family, None)
    assert getattr(prior, "classes", None) == getattr(posterior, "classes", None)
    assert priors.get(prior, posterior) is prior


def test_the_density_integrates_or_sums_to_one_and_is_scipys(law):
    z, weights = quadrature(law, law.standard)
    log_p = np.float64(law.prior().log_prob(np.float32(z)))
    assert (weights * np.exp(log_p)).sum() == pytest.approx(1.0, abs=1e-5)
    wanted = law.log_density(z, **law.standard)
    np.testing.assert_allclose(log_p, wanted, rtol=1e-5, atol=2e-5)


def drawn(prior, latent, seeds):
    return np.asarray(prior.sample(noise.draw(prior.noise_kinds(latent), seeds)))


def test_samples_of_seeds_side_by_side_have_the_right_distribution(law):
    z = drawn(law.prior(), law.latent, SEEDS)
    assert z.shape == (len(SEEDS), law.latent) and z.dtype == np.float32
    assert_distributed(z, law, law.standard)


@pytest.mark.slow
def test_a_sample_depends_on_its_seed_alone_and_is_the_same_to_the_last_bit_in_a_graph(law):
    prior = law.prior()
    whole = drawn(prior, law.latent, SEEDS[:40])
    alone = np.concatenate([drawn(prior, law.latent, SEEDS[i : i + 1]) for i in (0, 17, 39)])
    near = 0.0 if prior.exact_bits else 1e-6
    np.testing.assert_allclose(alone, whole[[0, 17, 39]], rtol=0, atol=near)

    @tf.function
    def compiled(seeds):
        return prior.sample(noise.draw(prior.noise_kinds(law.latent), seeds))

    given = np.asarray(compiled(tf.constant(SEEDS[:40])))
    np.testing.assert_allclose(given, whole, rtol=0, atol=near)
