"""The plainest server that answers the binary protocol, of Starlette: the peer of serving.py.

Run:       python benchmarks/serving_peer.py PORT ARTIFACT...

It believes whatever is sent: no shape, name, size or value is checked, nothing is counted, logged
or limited.
"""

import json
import sys

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

import zoo

LENGTH = "Inference-Header-Content-Length"
DTYPES = {"FP32": np.float32, "INT32": np.int32, "INT64": np.int64}
NAMES = {"float32": "FP32", "int32": "INT32", "int64": "INT64"}


def main():
    """Serves until it is ended."""
    models = {}
    for folder in sys.argv[2:]:
        artifact = zoo.load(folder, threads=1)
        for key, endpoint in artifact.endpoints.items():
            name = f"{artifact.manifest['name']}-{key}"
            models[name] = artifact._sessions.get(key), [each.name for each in endpoint.outputs]

    async def infer(request):
        model = request.path_params["model"]
        session, outputs = models[model]
        body = await request.body()
        at = int(request.headers[LENGTH])
        given = {}
        for each in json.loads(body[:at])["inputs"]:
            size = each["parameters"]["binary_data_size"]
            array = np.frombuffer(body[at : at + size], DTYPES[each["datatype"]])
            given[each["name"]] = array.reshape(each["shape"])
            at += size
        entries, parts = [], []
        for name, value in zip(outputs, session.run(outputs, given), strict=True):
            parts.append(value.tobytes())
            entry = {"name": name, "datatype": NAMES[str(value.dtype)], "shape": value.shape}
            entries.append(entry | {"parameters": {"binary_data_size": len(parts[-1])}})
        text = json.dumps({"model_name": model, "outputs": entries}).encode()
        headers = {LENGTH: str(len(text))}
        return Response(b"".join([text, *parts]), 200, headers, "application/octet-stream")

    routes = [Route("/v2/models/{model}/infer", infer, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_level="error")


if __name__ == "__main__":
    main()
