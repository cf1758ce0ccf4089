"""Endpoints of one artifact in one runtime, in a process that takes turns.

Started by `gpu.py` (`turns.py`). Every way is given numpy arrays and gives numpy arrays, as an app
has them: copies to the device and back count. All compute in float32 proper, without TF32, as the
contract's tolerances ask. ONNX Runtime is called by `zoo.load`; ours on JAX is the endpoint of
model.keras, compiled; PyTorch's is `torch_port.py`'s network with the same weights.
"""

import importlib
import json
import sys

import numpy as np
import paired
import turns
from gpu_parts import ENDPOINTS

import zoo
from zoo.artifact.endpoints import ONNX_HALF
from zoo.runtime import replay


def onnxruntime(folder, device, mode):
    """(endpoint, {input: array}) -> {output: array}, as the others."""
    provider = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
    artifact = zoo.load(folder, providers=[provider], precision=mode)
    return lambda name, inputs: getattr(artifact, name)(**inputs)._asdict()


def jax(folder, device, mode):
    """`mode` is not looked at."""
    import jax

    jax.config.update("jax_default_matmul_precision", "float32")
    model = _model(folder)
    compiled = {
        name: jax.jit(lambda inputs, name=name: model.ask(name, inputs)) for name in ENDPOINTS
    }
    return lambda name, inputs: jax.device_get(compiled[name](inputs))


def torch(folder, device, mode):
    """`mode` is that of `torch.compile`, or "eager"."""
    import torch
    import torch._dynamo.config
    import torch_port

    torch.backends.cudnn.allow_tf32 = False
    torch._dynamo.config.recompile_limit = 64
    module = torch_port.Endpoints(_model(folder), True).to(device)
    calls = {name: torch_port.traced(module, name) for name in ENDPOINTS}
    if mode != "eager":
        calls = {n: torch.compile(call, dynamic=False, mode=mode) for n, call in calls.items()}

    @torch.inference_mode()
    def run(name, inputs):
        given = [torch.from_numpy(value).to(device) for value in inputs.values()]
        return {key: value.cpu().numpy() for key, value in calls[name](*given).items()}

    return run


def _model(folder):
    import keras

    importlib.import_module("zoo.catalog")  # registers the classes that a .keras file names
    return keras.saving.load_model(f"{folder}/model.keras")


def main():
    """Serves `check` and the `ms` of a call, of the way that the options describe."""
    given = json.loads(sys.argv[1])
    folder, way = given["artifact"], given["way"]
    run = {"onnxruntime": onnxruntime, "jax": jax, "torch": torch}[way]
    run = run(folder, given["device"], given["mode"])
    endpoints = zoo.load(folder).endpoints

    def answer(do, endpoint, batch=1, seconds=0.0):
        if do == "check":
            half = way == "onnxruntime" and given["mode"] == "float16"
            runtime = ONNX_HALF if half else way
            rows = replay.replay(runtime, run, endpoints[endpoint], folder, [batch])
            return {"ok": all(row.ok for row in rows), "max_abs": max(row.max_abs for row in rows)}
        inputs, _ = replay.read(folder, endpoints[endpoint])
        inputs = {
            key: np.ascontiguousarray(np.resize(value, (batch, *value.shape[1:])))
            for key, value in inputs.items()
        }
        timing = paired.measure({way: lambda: run(endpoint, inputs)}, 1, seconds)[way]
        return {"ms": timing.median}

    turns.serve(answer)


if __name__ == "__main__":
    main()
