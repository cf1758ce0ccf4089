"""Whether a VAE's latents fit its objective, its encoder and its conditions."""

from zoo.errors import InputError


def require(model):
    """Raises an `InputError` for latents that do not fit, with what to take instead."""
    _require_objective(model)
    _require_pseudo_inputs(model)


def _require_objective(model):
    latents, objective = model.latents, model.objective
    name, family = type(objective).__name__, latents.family
    if objective.needs_kl_by_latent and not latents.has_kl_by_latent:
        raise InputError(
            f"{name} needs the KL of each latent, which a {family} posterior and the "
            f"{latents.prior_family} prior do not have: take another objective, such as ELBO."
        )
    if objective.needs_normal and not latents.diagonal_normal:
        raise InputError(
            f"{name} is computed from the densities of a normal posterior; this one is "
            f"{family}: take another objective, such as ELBO."
        )
    if objective.needs_density and latents.relaxed:
        raise InputError(
            f"{name} weighs samples by their densities, which relaxed samples of a {family} "
            "posterior do not have under the discrete model: take another objective."
        )
    if objective.doubly_reparameterized and not latents.has_density:
        raise InputError(
            f"The doubly reparameterized gradient asks for the density of any z, which a "
            f"{family} posterior does not give: pass doubly_reparameterized=False."
        )
    if objective.group_count not in (None, len(latents.groups)):
        raise InputError(
            f"{name} was given {objective.group_count} numbers, one a group, and the latents have "
            f"{len(latents.groups)} groups: {', '.join(latents.groups)}. Give as many, or one for "
            "all of them."
        )
    if objective.draws > 1 and not model.samples_posterior:
        raise InputError(
            f"{name} averages over {objective.draws} draws, and a {family} posterior has one "
            "alone: take another objective, such as ELBO."
        )


def _require_pseudo_inputs(model):
    learned = model.latents.pseudo_inputs()
    if learned is None:
        return
    if model.conditions:
        raise InputError(
            f"The {model.latents.prior_family} prior encodes what it has learned, and the model "
            f"can take no conditions beside it; it takes {', '.join(model.conditions)}."
        )
    if tuple(learned.shape[1:]) != model.network_shape:
        raise InputError(
            f"The {model.latents.prior_family} prior learns inputs of shape "
            f"{tuple(learned.shape[1:])}, the encoder takes {model.network_shape}: give the "
            "prior that event_shape."
        )
