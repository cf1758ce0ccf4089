"""Models of dense layers, over events of any shape."""

from zoo import likelihoods
from zoo.catalog.entries import entry
from zoo.catalog.networks import flat_vae
from zoo.errors import InputError
from zoo.latents import posteriors, priors
from zoo.models import Autoencoder
from zoo.networks import dense, output_layers
from zoo.objectives import ELBO, ImportanceWeighted
from zoo.schedules import Linear


@entry("dense")
def dense_ae(event_shape, latent=16, units=(512, 512), activation="silu", likelihood="bernoulli"):
    """Plain autoencoder with dense layers, over events of any shape."""
    shape = {"units": tuple(units), "activation": activation}
    likelihood = likelihoods.get(likelihood)
    return Autoencoder(
        dense.encoder(
            likelihood.network_shape(event_shape), latent, **shape, head=output_layers.point
        ),
        dense.decoder(likelihood.raw_shape(event_shape), latent, **shape),
        likelihood=likelihood,
        name="dense_ae",
    )


@entry("dense")
def dense_vae(event_shape, latent=50, units=(512, 512), activation="silu", **parts):
    """Dense VAE over events of any shape, one stochastic layer."""
    return dense_layers("dense_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def beta_vae(event_shape, latent=10, units=(512, 512), activation="silu", objective=None, **parts):
    """The dense VAE with few latents, its KL weighted by 2 unless another objective is given."""
    parts |= {"objective": objective or ELBO(beta=2.0)}
    return dense_layers("beta_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def iwae(event_shape, latent=50, units=(512, 512), activation="silu", objective=None, **parts):
    """The dense VAE trained on the importance-weighted bound, K=5 unless given."""
    parts |= {"objective": objective or ImportanceWeighted(5, doubly_reparameterized=True)}
    return dense_layers("iwae", event_shape, latent, units, activation, **parts)


@entry("dense")
def laplace_vae(
    event_shape, latent=50, units=(512, 512), activation="silu", posterior="laplace", **parts
):
    """The dense VAE with Laplace latents, whose KL to the standard Laplace prior is exact."""
    parts |= {"posterior": posterior}
    return dense_layers("laplace_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def hyperspherical_vae(
    event_shape,
    latent=10,
    units=(512, 512),
    activation="silu",
    posterior="von_mises_fisher",
    **parts,
):
    """The dense VAE with latents on the unit sphere (Davidson et al. 2018)."""
    parts |= {"posterior": posterior}
    return dense_layers("hyperspherical_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def gumbel_vae(
    event_shape,
    latent=20,
    classes=10,
    units=(512, 512),
    activation="silu",
    temperature=1.0,
    final_temperature=0.5,
    temperature_steps=1000,
    posterior="categorical",
    **parts,
):
    """The dense VAE with discrete latents, relaxed while they are trained (Jang et al. 2017).

    Args:
        classes: of each latent of a "categorical" posterior; those of a "bernoulli" one are binary.
        temperature, final_temperature, temperature_steps: of the relaxation, lowered linearly over
            so many steps of training.
    """
    schedule = Linear(temperature, final_temperature, temperature_steps)
    named = {
        "categorical": lambda: posteriors.Categorical(classes, schedule),
        "bernoulli": lambda: posteriors.Bernoulli(schedule),
    }
    parts |= {"posterior": named[posterior]() if posterior in list(named) else posterior}
    return dense_layers("gumbel_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def vampprior_vae(
    event_shape,
    latent=50,
    units=(512, 512),
    activation="silu",
    components=50,
    bounds=(0.0, 1.0),
    prior="vampprior",
    **parts,
):
    """The dense VAE whose prior is learned from pseudo-inputs (Tomczak & Welling 2018).

    Args:
        components: how many pseudo-inputs, or normals of a "mixture" prior.
        bounds: (lowest, highest) value that the networks are given, within which the pseudo-inputs
            are learned; None where there are none, as of standardised data.
    """
    likelihood = likelihoods.get(parts.get("likelihood", "bernoulli"))
    seen = likelihood.network_shape(event_shape)
    named = {
        "vampprior": lambda: priors.VampPrior(components, seen, bounds),
        "mixture": lambda: priors.MixtureOfNormals(components),
    }
    parts |= {"prior": named[prior]() if prior in list(named) else prior}
    parts |= {"likelihood": likelihood}
    return dense_layers("vampprior_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def flow_vae(
    event_shape,
    latent=50,
    units=(512, 512),
    activation="silu",
    flow_layers=4,
    flow_units=(128,),
    context=32,
    posterior="flow",
    prior="standard",
    **parts,
):
    """The dense VAE with an inverse autoregressive flow as posterior (Kingma et al. 2016).

    Args:
        flow_layers, flow_units: of a "flow" posterior, and of a "flow" prior, which couples.
        context: values that the encoder hands the posterior's flow.
    """
    if isinstance(posterior, str) and posterior == "flow":
        posterior = posteriors.InverseAutoregressiveFlow(flow_layers, flow_units, context)
    if isinstance(prior, str) and prior == "flow":
        prior = priors.CouplingFlow(flow_layers, flow_units)
    parts |= {"posterior": posterior, "prior": prior}
    return dense_layers("flow_vae", event_shape, latent, units, activation, **parts)


@entry("dense", (1000,))
def count_vae(
    event_shape,
    latent=10,
    units=(128, 128),
    activation="silu",
    zero_inflated=False,
    likelihood="library_negative_binomial",
    **parts,
):
    """The dense VAE over counts that are shares of a library, as scVI (Lopez et al. 2018).

    Args:
        zero_inflated: whether a count may be 0 for another reason besides.
    """
    likelihood = likelihoods.get(likelihood)
    if zero_inflated:
        if not isinstance(likelihood, likelihoods.LibraryNegativeBinomial):
            raise InputError(
                f"zero_inflated=True is of library_negative_binomial; the likelihood is "
                f"{likelihood.family}. Leave one of the two out."
            )
        likelihood = likelihoods.LibraryNegativeBinomial(True, likelihood.initial_dispersion)
    parts |= {"likelihood": likelihood}
    return dense_layers("count_vae", event_shape, latent, units, activation, **parts)


def dense_layers(name, event_shape, latent, units, activation, **parts):
    """A VAE of dense networks."""
    shape = {"units": tuple(units), "activation": activation}
    return flat_vae(name, dense.encoder, dense.decoder, event_shape, latent, shape, **parts)
