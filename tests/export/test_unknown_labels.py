"""Labels, lengths and codes that there are none of: NaN in bare graphs, and no other row harmed.

The runtime refuses them; an app that runs the graphs by itself gets no picture of some other class.
"""

import keras
import numpy as np
import onnxruntime
import pytest

from zoo import catalog
from zoo.export import onnx, saved_model

SHAPE = (4, 4, 1)
BAD = [-1, -(2**31), 3, 2**31 - 1]


def conditional():
    return catalog.conditional_vae(SHAPE, classes=3, latent=2, filters=(3, 4), dense=5)


def sequences():
    return catalog.rnn_vae((2, 3), latent=2, units=4, lengths=True)  # lengths 0, 1 and 2


def codes():
    return catalog.vq_vae(SHAPE, codes=3, dimension=2, filters=(3,), prior_units=4)


def answers(model, names, stage):
    """(endpoint, {runtime: {input: array} -> {output: array}}) in Keras, SavedModel and ONNX."""
    contract = {name: each for name, each in model.endpoints().items() if name in names}
    onnx.write(model, contract, stage)
    functions = saved_model.functions(model, contract)
    for name, endpoint in contract.items():
        graph = onnxruntime.InferenceSession(str(stage / "onnx" / f"{name}.onnx"))
        half = onnxruntime.InferenceSession(str(stage / "onnx" / f"{name}.fp16.onnx"))
        outputs = [tensor.name for tensor in endpoint.outputs]
        yield (
            endpoint,
            {
                "keras": lambda inputs, name=name: getattr(model, name)(*inputs.values()),
                "saved_model": lambda inputs, name=name: functions[name][0](*inputs.values()),
                "onnx": lambda inputs, s=graph, o=outputs: dict(
                    zip(o, s.run(o, inputs), strict=True)
                ),
                "onnx float16": lambda inputs, s=half, o=outputs: dict(
                    zip(o, s.run(o, inputs), strict=True)
                ),
            },
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "names"),
    [
        (conditional, ("decode", "generate", "score")),
        (sequences, ("encode", "decode")),
        (codes, ("decode",)),
    ],
)
def test_a_row_that_asks_for_none_there_is_gets_nan_and_harms_no_other(made, names, tmp_path):
    keras.utils.set_random_seed(0)
    model, drawn, asked = made(), np.random.default_rng(0), 0
    for endpoint, runtimes in answers(model, names, tmp_path):
        good = {}
        for tensor in endpoint.inputs:
            shape = (6, *tensor.shape[1:])
            if tensor.below is not None:
                good[tensor.name] = drawn.integers(0, tensor.below, shape).astype(tensor.dtype)
            elif tensor.dtype == "int64":
                good[tensor.name] = drawn.integers(0, 9, shape)
            else:
                good[tensor.name] = (drawn.random(shape) < 0.5).astype(np.float32)
        for tensor in (t for t in endpoint.inputs if t.below is not None):
            bad = {name: value.copy() for name, value in good.items()}
            bad[tensor.name].reshape(6, -1)[1:5, 0] = BAD
            for runtime, run in runtimes.items():
                wanted, found = run(good), run(bad)
                for output in endpoint.outputs:
                    where = f"{runtime} {endpoint.name}.{output.name}"
                    value = np.asarray(found[output.name])
                    assert np.isnan(value[1:5]).all(), where
                    same = np.asarray(wanted[output.name])[[0, 5]]
                    np.testing.assert_allclose(value[[0, 5]], same, rtol=1e-5, err_msg=where)
                    asked += 1
    assert asked >= 4
