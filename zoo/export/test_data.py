"""Inputs to try an export on, each stored once, and what the trained model answers.

The inputs' rows are shared by all endpoints; each endpoint's answers say which of them it was
asked. What lies here is bounded in bytes: of large examples there are few.
"""

import math

import numpy as np
from keras import ops

from zoo.artifact import layout
from zoo.artifact.endpoints import PROBABILITY, PROOF_BATCHES, TOLERANCES
from zoo.errors import ExportError
from zoo.export.keras import answers

STEP = "decode_step"
MOST_ROWS = max(PROOF_BATCHES)
MOST_BYTES = 2 * 2**20
"""Of the inputs and answers of all rows, before they are compressed; one row is there always."""

BORDERS = (7, -(2**63), 2**63 - 1, 7, 8, 0, -1, 2**32)
"""The first seeds that `generate` is asked, the more telling ones first: there may be few rows."""


def rows(contract):
    """How many rows the test data of these endpoints has."""
    inputs = {tensor.name: tensor for each in contract.values() for tensor in each.inputs}
    tensors = [*inputs.values(), *(t for each in contract.values() for t in each.outputs)]
    each = sum(np.dtype(t.dtype).itemsize * math.prod(t.shape[1:]) for t in tensors)
    return min(MOST_ROWS, max(1, MOST_BYTES // each))


def examples(model, data, count):
    """{input: array} of the first test examples and their conditions, repeated if too few."""
    chosen = np.arange(count) % len(data.test)
    conditions = {name: data.test.condition(name)[chosen] for name in model.conditions}
    return model.likelihood.split(data.test.examples(chosen)) | conditions


def write_inputs(stage, inputs):
    """Writes test_data/inputs.npz."""
    (stage / layout.TEST_DATA).mkdir(exist_ok=True)
    np.savez_compressed(stage / layout.INPUTS, **inputs)


def read_inputs(stage):
    """{input: array} of what `write_inputs` wrote."""
    with np.load(stage / layout.INPUTS, allow_pickle=False) as file:
        return dict(file)


def write(model, contract, given, stage):
    """Writes test_data/: the inputs, and what the model answers.

    `seed` are the borders of int64 and values between them. `z` and `codes` are samples of the
    prior, or where there is none the examples' encodings: what a decoder learned to decode. It
    makes no sense of a normal vector where latents are one-hot or lie on a sphere. `token` and
    `state` are those after 0, 1, 2, ... steps of decoding the row's z.
    Rows in which a runtime's rounding would feed back another step, or choose another code, give
    way to a row in which it would not: what differs then is the draw and not the export.

    Args:
        model: the trained model, read back from its file.
        contract: {name: Endpoint}.
        given: {input: array}, as `examples` gives them; more rows than `rows(contract)` are cut.
        stage: the artifact's folder so far.

    Returns:
        How many rows the inputs have.

    Raises:
        ExportError: if an answer is not finite.
    """
    inputs = {name: value[: rows(contract)] for name, value in given.items()}
    count = len(next(iter(inputs.values())))
    x = model.joined(inputs)["x"]
    covariates = model.likelihood.covariates_of(x)
    inputs |= {name: ops.convert_to_numpy(value) for name, value in covariates.items()}
    seeds = np.random.default_rng([0, 30]).integers(-(2**63), 2**63, count)
    seeds[: len(BORDERS)] = BORDERS[:count]
    decoded = _decoded(model, contract, inputs, count)
    inputs = inputs | {"seed": seeds} | decoded | _steps_taken(model, contract, decoded)
    wanted = {tensor.name for each in contract.values() for tensor in each.inputs}
    write_inputs(stage, {name: value for name, value in inputs.items() if name in wanted})
    for name, endpoint in contract.items():
        asked = {tensor.name: inputs[tensor.name] for tensor in endpoint.inputs}
        answer = answers(model, name, asked)
        _require_finite(name, answer)
        chosen = _robust(model, asked, answer, count)
        np.savez_compressed(
            stage / layout.answers(name),
            **{layout.ROWS: chosen},
            **{tensor.name: answer[tensor.name][chosen] for tensor in endpoint.outputs},
        )
    return count


def _decoded(model, contract, inputs, count):
    """{"z" or "codes": [rows, latent]} where something decodes them: see `write`."""
    wanted = {tensor.name for each in contract.values() for tensor in each.inputs}
    names = wanted & {"z", "codes"}
    if not names:
        return {}
    (name,) = names
    if "generate" in model.endpoints():
        besides = [each.name for each in model.endpoints()["generate"].inputs[1:]]
        besides = {each: inputs[each] for each in besides}
        answer = model.ask("generate", {"seed": np.arange(count)} | besides)
    else:
        asked = {tensor.name: inputs[tensor.name] for tensor in model.endpoints()["encode"].inputs}
        answer = model.ask("encode", asked)
    return {name: ops.convert_to_numpy(answer[name])}


def _steps_taken(model, contract, decoded):
    """{"token", "state"} where steps are decoded one by one: the likeliest ones up to each row's.

    Args:
        decoded: what `_decoded` gives.
    """
    if STEP not in contract:
        return {}
    rows, width = len(next(iter(decoded.values()))), contract[STEP].inputs[1].shape[1]
    wanted = np.arange(rows) % model.event_shape[0]
    taken = {"token": np.full(rows, -1, np.int32), "state": np.zeros((rows, width), np.float32)}
    given = dict(taken)
    for step in range(1, 1 + wanted.max()):
        answer = answers(model, STEP, given | decoded)
        given = {"token": answer["logits"].argmax(1).astype(np.int32)}
        given["state"] = answer["next_state"]
        here = wanted == step
        for name, values in given.items():
            taken[name] = np.where(here.reshape(-1, *[1] * (values.ndim - 1)), values, taken[name])
    return taken


def _require_finite(endpoint, answer):
    for output, values in answer.items():
        if not np.isfinite(values).all():
            raise ExportError(
                f"The model's own `{endpoint}` gives values in `{output}` that are not finite: "
                "there is nothing to export. Train it with a smaller --learning-rate."
            )


def _robust(model, given, answer, count):
    """Rows that do not hang on a hair, see `LatentModel.margin`: int64 [rows]."""
    chosen = np.arange(count)
    margin = model.margin(model.joined(given), answer)
    if margin is None:
        return chosen
    sound = ops.convert_to_numpy(margin) > TOLERANCES[PROBABILITY]
    if not sound.any():  # such as an untrained model's probabilities of one half
        return chosen
    return np.where(sound, chosen, np.argmax(sound))
