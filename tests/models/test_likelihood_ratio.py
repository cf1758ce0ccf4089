"""The likelihood ratio of a hierarchy, against its definition, and a law where it is known."""

import keras
import linear_groups
import numpy as np
import pytest
import top_down
from scipy import stats

from zoo import catalog, noise
from zoo.models import vae as vae_module

SHAPE = (8, 8, 1)
TINY = {"groups": (1, 1, 2), "top": 3, "channels": 2, "filters": (4, 5), "dense": 6}


@pytest.fixture(scope="module")
def vae():
    """Of sizes 2x2 and 4x4, its weights far from where they start."""
    keras.utils.set_random_seed(0)
    made = catalog.hierarchical_vae(SHAPE, **TINY)
    random = np.random.default_rng(0)
    for weight in made.trainable_weights:
        weight.assign(weight + random.normal(0.0, 0.15, weight.shape))
    return made


@pytest.fixture
def x():
    return (np.random.default_rng(1).random((5, *SHAPE)) < 0.4).astype(np.float32)


def test_groups_of_one_size_are_left_out_together(vae):
    assert list(vae.latents.groups) == ["top", "2x2", "4x4_1", "4x4_2"]
    assert vae.ratio_groups == (2, 3) == tuple(vae.latent_facts["ratio_groups"])
    (output,) = (t for t in vae.endpoints()["score"].outputs if t.name == "likelihood_ratio")
    assert output.shape == ("batch", 2) and output.kind == "bound"


def test_it_is_the_elbo_less_that_of_draws_whose_lowest_groups_are_noise(vae, x):
    """Equations 8 and 9 of Havtorn et al. 2021, through the one z that `place` decodes."""
    score = {name: np.asarray(value, np.float64) for name, value in vae.score(x).items()}
    draws = vae.score_samples
    drawn = np.asarray(noise.draw(vae.latents.noise_kinds(), np.arange(draws)))
    features = vae.features(x, ())
    draw = vae.latents.infer(features, np.tile(drawn, (len(x), 1)), draws)
    z, kl = np.array(draw.z), {name: np.asarray(each) for name, each in draw.kl.items()}
    upper = {2: ["top", "2x2"], 3: ["top"]}
    for column, (k, groups) in enumerate(upper.items()):
        width = sum(int(np.prod(vae.latents.groups[name])) for name in groups)
        z[:, width:] = np.tile(drawn, (len(x), 1))[:, width:]
        log_p = vae.likelihood.log_prob(np.repeat(x, draws, 0), vae.raw(vae.state(z), (), None))
        log_p = np.asarray(log_p, np.float64).reshape(len(x), draws).mean(axis=1)
        ratio = score["elbo"] - (log_p - sum(kl[name] for name in groups))
        np.testing.assert_allclose(score["likelihood_ratio"][:, column], ratio, atol=2e-3)
        assert np.abs(ratio).min() > 0.01, k


def test_other_scores_are_as_they_are_without_it(vae, x):
    drawn = np.asarray(noise.draw(vae.latents.noise_kinds(), np.arange(vae.score_samples)))
    score, terms = vae.score(x), vae.terms(x, drawn[None])
    for name, value in terms.items():
        np.testing.assert_allclose(score[name], value, rtol=1e-5)
    assert "likelihood_ratio" not in top_down.model().score(x)  # groups that state no k


def test_of_linear_groups_it_is_what_the_integrals_come_to(monkeypatch):
    """log p(x) less the bound of q(z_1|x) p(z_2|z_1), both of which are known."""
    monkeypatch.setattr(vae_module, "SCORE_SAMPLES", 40_000)
    vae = linear_groups.model()
    assert vae.ratio_groups == (1,)
    x = np.linspace(-3, 3, 5, dtype=np.float32)[:, None]
    a, s, b, scale = linear_groups.A, linear_groups.S, linear_groups.B, linear_groups.SCALE
    gain, var, _, _ = linear_groups.exact_posterior()
    mean = gain * x[:, 0]
    missed = (x[:, 0] - b * a * mean) ** 2 + b**2 * (a**2 * var + s**2)
    log_p = -0.5 * np.log(2 * np.pi * scale**2) - missed / (2 * scale**2)
    kl = 0.5 * (var + mean**2 - 1 - np.log(var))
    evidence = stats.norm.logpdf(x[:, 0], scale=np.sqrt(linear_groups.variance()))
    wanted = evidence - (log_p - kl)
    found = np.asarray(vae.score(x)["likelihood_ratio"])[:, 0]
    np.testing.assert_allclose(found, wanted, atol=0.05)
    assert wanted.min() > 0.3 and np.ptp(wanted) > 0.3
