"""What the exporters need to know of a model: its endpoints, as data, and inputs to try them on."""

import numpy as np

from zoo import endpoints
from zoo.compiled import compiled
from zoo.errors import ExportError

ROWS = max(endpoints.PARITY_BATCHES)


def of(model):
    """The endpoints of a model: {name: Endpoint}."""
    return endpoints.normal_vae(
        model.event_shape, model.latent, model.likelihood.mean_is_probability
    )


def write_test_data(model, contract, data, folder, seed=0):
    """test_data/<endpoint>.npz: inputs, and what the trained model answers on its own backend.

    64 rows of `input.<name>` and `output.<name>`; `x` are test examples, `z` standard normal.
    """
    folder.mkdir()
    rows = np.arange(ROWS) % len(data.test)
    z = np.random.default_rng([seed, 30]).standard_normal((ROWS, model.latent))
    inputs = {
        "x": data.test.observe(rows),
        "z": z.astype(np.float32),
    }
    for name, endpoint in contract.items():
        given = {tensor.name: inputs[tensor.name] for tensor in endpoint.inputs}
        answer = compiled(model, name)(*given.values())
        for output, values in answer.items():
            if not np.isfinite(values).all():
                raise ExportError(
                    f"The model's own `{name}` gives values in `{output}` that are not finite: "
                    "there is nothing to export. Train it with a smaller --learning-rate."
                )
        np.savez(
            folder / f"{name}.npz",
            **{f"input.{key}": value for key, value in given.items()},
            **{f"output.{tensor.name}": answer[tensor.name] for tensor in endpoint.outputs},
        )
