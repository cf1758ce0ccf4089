"""What the exporters need to know of a model: its endpoints, as data, and inputs to try them on."""

import numpy as np
from keras import ops

from zoo.artifact import endpoints
from zoo.errors import ExportError

ROWS = max(endpoints.PARITY_BATCHES)


def write_test_data(model, contract, data, folder, seed=0):
    """test_data/<endpoint>.npz: inputs, and what the trained model answers on its own backend.

    64 rows of `input.<name>` and `output.<name>`; `x` are test examples, `seed` the borders of
    int64 and values between them; conditions are those of the examples. `z` and `codes` are samples
    of the prior, or where there is none the examples' encodings: what a decoder learned to decode.
    It makes no sense of a normal vector where latents are one-hot or lie on a sphere.
    Rows in which a runtime's rounding would feed back another step, or choose another code, give
    way to a row in which it would not: what differs then is the draw and not the export.
    """
    folder.mkdir()
    rows = np.arange(ROWS) % len(data.test)
    drawn = np.random.default_rng([seed, 30])
    seeds = drawn.integers(-(2**63), 2**63, ROWS)
    seeds[:8] = [7, 7, 8, 0, -1, 2**32, 2**63 - 1, -(2**63)]
    inputs = {"x": data.test.examples(rows), "seed": seeds}
    inputs |= {name: data.test.condition(name)[rows] for name in model.conditions}
    inputs |= _decoded(model, inputs)
    for name, endpoint in contract.items():
        given = {tensor.name: inputs[tensor.name] for tensor in endpoint.inputs}
        answer = getattr(model, name)(*given.values())
        answer = {key: ops.convert_to_numpy(value) for key, value in answer.items()}
        given, answer = _robust(model, given, answer)
        for output, values in answer.items():
            if not np.isfinite(values).all():
                raise ExportError(
                    f"The model's own `{name}` gives values in `{output}` that are not finite: "
                    "there is nothing to export. Train it with a smaller --learning-rate."
                )
        np.savez_compressed(
            folder / f"{name}.npz",
            **{f"input.{key}": value for key, value in given.items()},
            **{f"output.{tensor.name}": answer[tensor.name] for tensor in endpoint.outputs},
        )


def _decoded(model, inputs):
    """{"z" or "codes": [ROWS, latent]}: see `write_test_data`."""
    name = "z" if model.codes is None else "codes"
    conditions = [inputs[key] for key in model.conditions]
    if hasattr(model, "generate"):
        answer = model.generate(np.arange(ROWS), *conditions)
    else:
        answer = model.encode(inputs["x"], *conditions)
    return {name: ops.convert_to_numpy(answer[name])}


def _robust(model, given, answer):
    """Inputs and answers without the rows that hang on a hair, see `LatentModel.margin`."""
    margin = model.margin(given, answer)
    if margin is None:
        return given, answer
    sound = ops.convert_to_numpy(margin) > endpoints.TOLERANCES[endpoints.PROBABILITY]
    if not sound.any():  # such as an untrained model's probabilities of one half
        return given, answer
    rows = np.where(sound, np.arange(ROWS), np.argmax(sound))
    return tuple({key: value[rows] for key, value in side.items()} for side in (given, answer))
