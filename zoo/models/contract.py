"""The artifact contract of a model: its endpoints and their tensors, as its parts state them."""

from zoo.artifact.endpoints import (
    BATCH,
    BOUND,
    LIKELIHOOD_RATIO,
    NATS,
    WHOLE,
    Endpoint,
    Tensor,
)
from zoo.models import steps


def of(model):
    """{name: `zoo.artifact.endpoints.Endpoint`} of a `LatentModel`."""
    x = model.likelihood.example(model.event_shape)
    z = Tensor("z", "float32", (BATCH, model.latent))
    if model.code_count is not None:
        z = Tensor("codes", "int32", (BATCH, model.latent), WHOLE, below=model.code_count)
    besides = tuple(
        Tensor(name, "int32", (BATCH,), below=count) for name, count in model.conditions.items()
    )
    given = tuple(Tensor(name, "float32", (BATCH,)) for name in model.likelihood.covariates)
    encoded = tuple(
        z if name == z.name else Tensor(name, "float32", (BATCH, width))
        for name, width in model.encoded.items()
    )
    decoded = model.likelihood.tensors(model.event_shape)
    made = model.likelihood.drawn_tensors(model.event_shape) if model.draws_generated else decoded
    seed = Tensor("seed", "int64", (BATCH,))
    exact = ("kl",) if model.exact_kl else ()
    nats = tuple(
        Tensor(name, "float32", (BATCH,), NATS if name in exact else BOUND) for name in model.nats
    )
    if model.ratio_groups:
        shape = (BATCH, len(model.ratio_groups))
        nats += (Tensor(LIKELIHOOD_RATIO, "float32", shape, BOUND),)
    nats += model.likelihood.score_tensors(model.event_shape)
    endpoints = [
        Endpoint("encode", (*x, *besides), encoded),
        Endpoint("decode", (z, *besides, *given), decoded),
        Endpoint("reconstruct", (*x, *besides), decoded),
        Endpoint("generate", (seed, *besides, *given), (*made, z)),
        Endpoint("score", (*x, *besides), nats),
    ]
    if model.decodes_steps:
        endpoints.append(steps.endpoint(model, z))
    if model.properties:
        predicted = tuple(Tensor(name, "float32", (BATCH,)) for name in model.properties)
        endpoints.append(Endpoint("predict_properties", (z,), predicted))
    return {each.name: each for each in endpoints if each.name != "generate" or model.generates}
