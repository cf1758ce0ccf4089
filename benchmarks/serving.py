"""Requests a second of `zoo serve`, as shares of a raw loop over ONNX Runtime in the same run.

Run:       python benchmarks/serving.py [--seconds 3]
Cost:      under a minute

The server has one core, the clients another; the raw loop has one. The ratio of CPU times says
what a request costs where others compute on the same cores. Each client asks one row by the binary
protocol, waits for the answer, and asks again; answers are compared with `zoo.load`'s. The small
one is `encode` of dense_vae-mnist, the large one the decoder of an untrained picture model of
64x64x3, two transposed convolutions, built here by its graph.
"""

import argparse
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

import zoo
from zoo.artifact import checksums, layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.schema import Schema

CLIENTS = (1, 8, 32)
OPTIONS = ("--port", "0", "--threads", "1")
ROOT = Path(__file__).resolve().parents[1]


def main():
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    with tempfile.TemporaryDirectory() as place:
        large = Path(place) / "conv64"
        write_decoder(large)
        small = ROOT / "exports" / "dense_vae-mnist"
        server, host = started((small, large), Path(place) / "log", {cores[-1]})
        try:
            print(
                "| endpoint | clients | requests/s | raw loop/s | ratio | p50 ms | p99 ms "
                "| CPU ms a request | of the raw loop | ratio |"
            )
            print("|---|---|---|---|---|---|---|---|---|---|")
            for folder, endpoint, name, shape in (
                (small, "encode", "x", (1, 28, 28, 1)),
                (large, "decode", "z", (1, 32)),
            ):
                given = {name: np.random.default_rng(0).random(shape, np.float32)}
                call = getattr(zoo.load(folder, threads=1), endpoint)
                for clients in CLIENTS:
                    raw, raw_cpu = raw_loop(folder, endpoint, given, seconds)
                    before = cpu_seconds(server.pid)
                    times, count = asked(
                        host, f"{folder.name}-{endpoint}", given, call, clients, seconds
                    )
                    cpu = (cpu_seconds(server.pid) - before) / count
                    rate = len(times) / seconds
                    p50, p99 = np.percentile(times, (50, 99)) * 1e3
                    print(
                        f"| {folder.name} {endpoint} | {clients} | {rate:,.0f} | {raw:,.0f} | "
                        f"{rate / raw:.2f} | {p50:.2f} | {p99:.2f} | "
                        f"{cpu * 1e3:.3f} | {raw_cpu * 1e3:.3f} | {raw_cpu / cpu:.2f} |",
                        flush=True,
                    )
        finally:
            server.terminate()
            server.wait(30)


def started(folders, log, cores):
    """(process, host:port) of a server on some cores."""
    with open(log, "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "zoo", "serve", *map(str, folders), *OPTIONS],
            stdout=said,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    while b'"serving"' not in (text := log.read_bytes()):
        if process.poll() is not None:
            sys.exit(text.decode())
        time.sleep(0.1)
    return process, json.loads(text.splitlines()[0])["address"].removeprefix("http://")


def raw_loop(folder, endpoint, given, seconds):
    """(calls a second, CPU seconds a call) of the endpoint's session alone, on one thread."""
    artifact = zoo.load(folder, threads=1)
    session = artifact._sessions.get(endpoint)
    session.run(None, given)
    count, end, began = 0, time.perf_counter() + seconds, time.process_time()
    while time.perf_counter() < end:
        session.run(None, given)
        count += 1
    return count / seconds, (time.process_time() - began) / count


def cpu_seconds(process):
    """That a process has computed so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def asked(host, model, given, call, clients, seconds):
    """(seconds that each request took, how many there were); each answer is looked at."""
    ((name, array),) = given.items()
    wanted = getattr(call(**given), call.endpoint.outputs[0].name).tobytes()
    head = {"name": name, "shape": list(array.shape), "datatype": "FP32"}
    head["parameters"] = {"binary_data_size": array.nbytes}
    text = json.dumps({"inputs": [head], "parameters": {"binary_data_output": True}}).encode()
    request = b"\r\n".join(
        (
            f"POST /v2/models/{model}/infer HTTP/1.1".encode(),
            b"Host: a",
            b"Content-Length: %d" % (len(text) + array.nbytes),
            b"Inference-Header-Content-Length: %d" % len(text),
            b"",
            text + array.tobytes(),
        )
    )
    selector = selectors.DefaultSelector()
    connections = [connected(host, selector) for _ in range(clients)]
    for each in connections:
        send(each, request)
    times, count, began = [], 0, time.perf_counter()
    while (now := time.perf_counter()) - began < seconds + 0.5:
        for key, _ in selector.select():
            state = key.data
            state["got"] += key.fileobj.recv(2**20)
            if not complete(state["got"]):
                continue
            assert state["got"].startswith(b"HTTP/1.1 200"), state["got"][:300]
            assert wanted in state["got"], "an answer of another"
            count += 1
            if now - began > 0.5:  # after the first half second
                times.append(time.perf_counter() - state["sent"])
            send(state, request)
    for each in connections:
        each["socket"].close()
    return times, count


def connected(host, selector):
    """A connection's state."""
    address, port = host.split(":")
    made = socket.create_connection((address, int(port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    state = {"socket": made, "got": b"", "sent": 0.0}
    selector.register(made, selectors.EVENT_READ, state)
    return state


def send(state, request):
    """Asks once more."""
    state["got"], state["sent"] = b"", time.perf_counter()
    state["socket"].sendall(request)


def complete(got):
    """Whether an answer is there."""
    at = got.find(b"\r\n\r\n")
    if at < 0:
        return False
    length = int(got.split(b"\r\ncontent-length: ", 1)[1].split(b"\r\n", 1)[0])
    return len(got) >= at + 4 + length


def write_decoder(folder):
    """An artifact whose `decode` makes pictures 64x64x3 of 32 latents, its weights random."""
    random = np.random.default_rng(0)
    sizes = {
        "dense": (32, 16 * 16 * 64),
        "up1": (64, 32, 4, 4),
        "up2": (32, 3, 4, 4),
    }
    weights = [
        helper.make_tensor(
            name, TensorProto.FLOAT, size, random.normal(0, 0.1, size).astype("f4").ravel()
        )
        for name, size in sizes.items()
    ]
    weights.append(helper.make_tensor("grid", TensorProto.INT64, [4], [-1, 64, 16, 16]))
    strides = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("MatMul", ["z", "dense"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Reshape", ["b", "grid"], ["c"]),
        helper.make_node("ConvTranspose", ["c", "up1"], ["d"], **strides),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("ConvTranspose", ["e", "up2"], ["f"], **strides),
        helper.make_node("Sigmoid", ["f"], ["g"]),
        helper.make_node("Transpose", ["g"], ["x_mean"], perm=[0, 2, 3, 1]),
    ]
    endpoint = Endpoint(
        "decode",
        (Tensor("z", "float32", ("batch", 32)),),
        (Tensor("x_mean", "float32", ("batch", 64, 64, 3)),),
    )
    sides = [
        [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, list(t.shape)) for t in side]
        for side in (endpoint.inputs, endpoint.outputs)
    ]
    graph = helper.make_graph(nodes, "decode", *sides, weights)
    path = folder / layout.graph("decode")
    path.parent.mkdir(parents=True)
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    entry = {"sha256": checksums.of_file(path), "bytes": path.stat().st_size}
    manifest = {
        "schema_version": 2,
        "name": folder.name,
        "schema": json.loads(json.dumps(Schema("image", (64, 64, 3)).to_json())),
        "endpoints": json.loads(json.dumps({"decode": endpoint.to_json()})),
        "files": {layout.graph("decode"): entry},
    }
    manifest[checksums.MANIFEST_KEY] = checksums.of_manifest(manifest)
    (folder / layout.MANIFEST).write_text(json.dumps(manifest))


if __name__ == "__main__":
    main()
