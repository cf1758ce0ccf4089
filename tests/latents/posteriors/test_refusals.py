"""Parts that do not fit each other, refused when the model is built, with what would fit."""

import pytest

from zoo import catalog
from zoo.errors import InputError
from zoo.latents import Flat, posteriors, priors
from zoo.models.vae import VAE
from zoo.networks import dense, output_layers
from zoo.objectives import FreeBits, ImportanceWeighted, TotalCorrelation

SHAPE = (2, 2, 1)


class BiasedBernoulli(priors.Prior):
    """Of the support of Bernoulli latents, but not their standard prior."""

    family, support = "biased Bernoulli", "binary"


class OfItsOwnDraws(posteriors.Normal):
    """A posterior that knows the density of nothing but its own draws."""

    has_density = False


def build(posterior, **options):
    return catalog.dense_vae(SHAPE, latent=2, units=(4,), posterior=posterior, **options)


def test_a_sphere_in_one_dimension_is_refused():
    with pytest.raises(InputError, match=r"latent: given 1, wanted at least 2.*sphere"):
        catalog.hyperspherical_vae(SHAPE, latent=1, units=(4,))


@pytest.mark.parametrize(
    ("posterior", "prior", "supports"),
    [
        ("normal", priors.UniformSphere(), ("'real'", "uniform on the sphere", "'sphere'")),
        ("von_mises_fisher", priors.StandardNormal(), ("'sphere'", "standard normal", "'real'")),
        ("bernoulli", priors.StandardLogistic(), ("'binary'", "standard logistic", "'real'")),
        ("categorical", priors.FairBernoulli(), ("'one-hot'", "fair Bernoulli", "'binary'")),
        ("laplace", priors.UniformCategorical(2), ("'real'", "uniform categorical", "'one-hot'")),
    ],
)
def test_a_posterior_and_a_prior_over_different_things_are_refused(posterior, prior, supports):
    with pytest.raises(InputError, match=".*".join(supports) + ".*prior='standard'"):
        build(posterior, prior=prior)


def test_a_relaxed_posterior_beside_another_prior_is_refused():
    said = "Bernoulli posterior is trained on relaxed.*biased Bernoulli.*Take the fair Bernoulli"
    with pytest.raises(InputError, match=said):
        build("bernoulli", prior=BiasedBernoulli())


def test_posterior_and_prior_of_different_classes_are_refused():
    with pytest.raises(InputError, match="3 classes, the prior's 4"):
        build(posteriors.Categorical(3), prior=priors.UniformCategorical(4))


@pytest.mark.parametrize(
    ("posterior", "objective", "said"),
    [
        ("full_normal", FreeBits(0.1), "FreeBits needs the KL of each latent.*full-covariance"),
        ("von_mises_fisher", FreeBits(0.1), "FreeBits needs.*uniform on the sphere.*ELBO"),
        ("logistic", FreeBits(0.1), "FreeBits needs.*standard logistic prior do not have.*ELBO"),
        ("laplace", TotalCorrelation(2.0), "TotalCorrelation.*normal posterior.*is Laplace.*ELBO"),
        ("full_normal", TotalCorrelation(2.0), "this one is full-covariance normal"),
        ("bernoulli", ImportanceWeighted(2), "ImportanceWeighted weighs.*Bernoulli.*another"),
        ("categorical", ImportanceWeighted(2, True), "relaxed samples of a categorical"),
        (OfItsOwnDraws(), ImportanceWeighted(2, True), "pass doubly_reparameterized=False"),
    ],
)
def test_an_objective_that_asks_for_what_the_posterior_lacks_is_refused(posterior, objective, said):
    with pytest.raises(InputError, match=said):
        build(posterior, objective=objective)


def test_free_bits_are_refused_where_the_prior_leaves_no_exact_kl():
    with pytest.raises(InputError, match="a normal posterior and the standard Laplace prior"):
        build("normal", prior=priors.StandardLaplace(), objective=FreeBits(0.1))


def test_what_only_the_doubly_reparameterized_gradient_asks_for_is_not_asked_without_it():
    assert build(OfItsOwnDraws(), objective=ImportanceWeighted(2)).draws == 2


def test_an_encoder_of_another_posterior_is_refused_naming_what_it_gives_and_should_give():
    encoder = dense.encoder(SHAPE, 2, (4,), head=output_layers.normal_posterior)
    said = r"gives mean \[2\], log_var \[2\].*take mean \[2\], log_scale \[2\]"
    with pytest.raises(InputError, match=said):
        VAE(encoder, dense.decoder(SHAPE, 2, (4,)), Flat(2, "laplace"))


def test_an_unknown_name_is_refused_listing_the_known_ones():
    with pytest.raises(InputError, match="posterior 'gauss' is unknown; there are normal") as e:
        build("gauss")
    assert all(name in str(e.value) for name in posteriors.NAMES)
    with pytest.raises(InputError, match="prior 'uniform' is unknown; there are standard"):
        build("normal", prior="uniform")
    with pytest.raises(InputError, match=r"model 'vqvae' is unknown; there are .*dense_vae") as e:
        catalog.build("vqvae", SHAPE)
    assert all(name in str(e.value) for name in catalog.names())


@pytest.mark.parametrize("classes", [1, 2.0])
def test_a_prior_of_fewer_than_two_classes_is_refused(classes):
    with pytest.raises(InputError, match=f"classes={classes}.*2 or more"):
        priors.UniformCategorical(classes)


def test_an_option_that_a_builder_lacks_is_refused_listing_those_it_has():
    said = "dense_vae has no option temperature; it has latent, units.*posterior, prior"
    with pytest.raises(InputError, match=said):
        catalog.build("dense_vae", SHAPE, temperature=1.0)
    with pytest.raises(InputError, match="dense_ae has no option posterior"):
        catalog.build("dense_ae", SHAPE, posterior="laplace")
