"""Models of the rows of a table."""

from zoo import likelihoods
from zoo.catalog.entries import entry
from zoo.catalog.networks import flat_vae
from zoo.errors import InputError
from zoo.networks import table


@entry("table", event_shape=(16,))
def table_vae(
    event_shape,
    latent=8,
    units=(128,),
    activation="silu",
    hidden=0.1,
    dropout=0.0,
    likelihood=None,
    **parts,
):
    """VAE over rows of a table, columns of any kind, values missing or not.

    Args:
        hidden: share of the known values that training hides from the encoder, on average, so that
            it learns to do without; what it is to reconstruct is all of them. With any, a value of
            every column may be missing where the model is used.
        dropout: of both networks' layers.
        likelihood: `zoo.likelihoods.Columns` of the table; real numbers unless given.
    """
    if likelihood is None:
        named = (f"column_{number}" for number in range(event_shape[0]))
        likelihood = likelihoods.Columns([{"name": name, "kind": "real"} for name in named])
    if not isinstance(likelihood, likelihoods.Columns):
        raise InputError(
            "table_vae takes a table, of which the likelihood is Columns; given was "
            f"{type(likelihood).__name__}."
        )
    if parts.get("prior") == "vampprior":
        raise InputError(
            "table_vae has words among its inputs, which no pseudo-input of a vampprior can learn: "
            "take the prior standard, mixture or flow."
        )
    likelihood = likelihoods.Columns(likelihood.columns, any_missing=hidden > 0.0)
    layout = likelihood.network_layout

    def encoder(*sizes, **options):
        return table.encoder(*sizes, **options, **layout, hidden=hidden)

    shape = {"units": tuple(units), "activation": activation, "dropout": dropout}
    parts |= {"likelihood": likelihood}
    decoder = table.decoder
    return flat_vae("table_vae", encoder, decoder, event_shape, latent, shape, **parts)
