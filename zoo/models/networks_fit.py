"""Whether a model's two networks fit each other and its other parts."""

from zoo.errors import InputError


def require(model):
    """Raises an `InputError` for networks that do not fit latents, likelihood or conditions."""
    given = model.encoder.output
    if isinstance(given, dict):
        given = {name: tuple(value.shape[1:]) for name, value in given.items()}
    if given != model.feature_shapes:
        raise InputError(
            f"The encoder gives {_shown(given)}, the latents take "
            f"{_shown(model.feature_shapes)}: the encoder of this {type(model).__name__} must "
            "give these, by name."
        )
    taken = tuple(model.decoder.inputs[0].shape[1:])
    if taken != model.state_shape:
        raise InputError(
            f"The decoder takes {list(taken)}, the latents give {list(model.state_shape)}: both "
            "must be the same."
        )
    decoded = tuple(model.decoder.outputs[0].shape[1:])
    wanted = tuple(model.likelihood.raw_shape(model.event_shape))
    if model.takes_fewer_steps:
        decoded = (wanted[0], *decoded[1:])
    if decoded != wanted:
        raise InputError(
            f"The encoder takes events of shape {model.event_shape}, of which the "
            f"{model.likelihood.family} likelihood wants the raw output {wanted}; the decoder "
            f"gives {decoded}. Build the decoder for likelihood.raw_shape(event_shape)."
        )
    covariates = ", ".join(model.likelihood.covariates)
    if model.autoregressive and covariates:
        raise InputError(
            f"A {model.likelihood.family} likelihood takes {covariates}, which is known of a "
            "whole example alone: an autoregressive decoder cannot feed back its steps. Take "
            "another decoder, or another likelihood."
        )
    names = model.conditions
    counts = len(model.encoder.inputs) - 1, len(model.decoder.inputs) - 1 - model.autoregressive
    if counts != (len(names), len(names)):
        raise InputError(
            f"Besides x the encoder takes {counts[0]} inputs, and besides z the decoder "
            f"{counts[1]}; the model's conditions are {', '.join(names) or 'none'}."
        )


def _shown(shapes):
    if not isinstance(shapes, dict):
        return "something else than a dict"
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
