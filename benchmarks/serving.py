"""Requests a second of `zoo serve`, as shares of a raw loop over ONNX Runtime in the same run.

Run:       python benchmarks/serving.py [--seconds 3] [--turns 3]
           python benchmarks/serving.py --batching
Cost:      two minutes

The server has one core, the clients another; the raw loop has one. Each client asks one row by the
binary protocol, waits for the answer, and asks again; answers are compared with `zoo.load`'s. The
small one is `encode` of dense_vae-mnist, the large one the decoder of an untrained picture model of
64x64x3, two transposed convolutions, built here by its graph. Where Starlette is installed, the
plainest server of it, serving_peer.py, is asked in turns with `zoo serve`: it checks nothing,
counts nothing, and logs nothing. The best of the turns counts, since others disturb a machine and
nobody makes it faster. The ratio of CPU times says what a request costs where others compute on the
same cores.

`--batching` asks what sharing a batch would give, and whether rows would stay what they are alone.
"""

import argparse
import importlib.util
import json
import os
import re
import select
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--turns", type=int, default=3, help="of each server")
    parser.add_argument("--batching", action="store_true", help="compare batches with single rows")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    with tempfile.TemporaryDirectory() as place:
        large = Path(place) / "conv64"
        write_decoder(large)
        small = ROOT / "exports" / "dense_vae-mnist"
        asks = [(small, "encode", "x", (1, 28, 28, 1)), (large, "decode", "z", (1, 32))]
        if options.batching:
            compare_batches(asks, options.seconds)
            return
        servers = {}
        try:
            servers["zoo serve"] = started((small, large), Path(place) / "log", {cores[-1]})
            if importlib.util.find_spec("starlette"):
                servers["plain"] = started_peer((small, large), {cores[-1]})
            measure(servers, asks, options)
        finally:
            for process, _ in servers.values():
                process.terminate()
                process.wait(30)


def measure(servers, asks, options):
    """Asks each server each thing by each number of clients."""
    print(
        "| endpoint | clients | server | requests/s | raw loop/s | ratio | p50 ms | p99 ms "
        "| CPU us a request | of the raw loop | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for folder, endpoint, name, shape in asks:
        given = {name: np.random.default_rng(0).random(shape, np.float32)}
        call = getattr(zoo.load(folder, threads=1), endpoint)
        for clients in CLIENTS:
            raw, best = (0.0, 0.0), {}
            for _ in range(options.turns):
                raw = max(raw, raw_loop(folder, endpoint, given, options.seconds))
                for server, (process, host) in servers.items():
                    before = cpu_seconds(process.pid)
                    times, count = asked(
                        host, f"{folder.name}-{endpoint}", given, call, clients, options.seconds
                    )
                    cpu = (cpu_seconds(process.pid) - before) / count
                    found = len(times) / options.seconds, *np.percentile(times, (50, 99)), cpu
                    best[server] = max(found, best.get(server, found))
            for server, (rate, p50, p99, cpu) in best.items():
                print(
                    f"| {folder.name} {endpoint} | {clients} | {server} | {rate:,.0f} | "
                    f"{raw[0]:,.0f} | {rate / raw[0]:.2f} | {p50 * 1e3:.2f} | {p99 * 1e3:.2f} | "
                    f"{cpu * 1e6:.0f} | {raw[1] * 1e6:.0f} | {raw[1] / cpu:.2f} |",
                    flush=True,
                )


def compare_batches(asks, seconds):
    """What a row costs in a batch, and how far it then is from what it is alone."""
    print("| endpoint | rows | us a row alone | us a row together | largest difference |")
    print("|---|---|---|---|---|")
    for folder, endpoint, name, shape in asks:
        call = getattr(zoo.load(folder, threads=1), endpoint)
        for rows in (2, 8, 32):
            given = np.random.default_rng(0).random((rows, *shape[1:]), np.float32)
            alone = seconds_of(call, {name: given[:1]}, seconds / 2)
            together = seconds_of(call, {name: given}, seconds / 2) / rows
            ones = [call(**{name: given[row : row + 1]}) for row in range(rows)]
            difference = max(
                float(np.abs(each - np.concatenate([getattr(one, key) for one in ones])).max())
                for key, each in call(**{name: given})._asdict().items()
            )
            print(
                f"| {folder.name} {endpoint} | {rows} | {alone * 1e6:.0f} | {together * 1e6:.0f} | "
                f"{difference:.1e} |",
                flush=True,
            )


def seconds_of(call, given, seconds):
    """The least that a call took within some seconds."""
    end, best = time.perf_counter() + seconds, np.inf
    while time.perf_counter() < end:
        began = time.perf_counter()
        call(**given)
        best = min(best, time.perf_counter() - began)
    return best


def started_peer(folders, cores):
    """The same of the plain server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, ROOT / "benchmarks" / "serving_peer.py", str(port), *map(str, folders)],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, f"127.0.0.1:{port}"
        except OSError:
            time.sleep(0.1)


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
    poll, asking = select.epoll(), {}
    for _ in range(clients):
        each = Client(host, request, wanted)
        asking[each.socket.fileno()] = each
        poll.register(each.socket.fileno(), select.EPOLLIN)
        each.send()
    times, count, began = [], 0, time.perf_counter()
    while (now := time.perf_counter()) - began < seconds + 0.5:
        for number, _ in poll.poll():
            each = asking[number]
            if not each.receive():
                continue
            count += 1
            if now - began > 0.5:  # after the first half second
                times.append(time.perf_counter() - each.sent)
            each.send()
    for each in asking.values():
        each.socket.close()
    return times, count


class Client:
    """A connection that asks one request again and again, and looks at each answer."""

    def __init__(self, host, request, wanted):
        address, port = host.split(":")
        self.socket = socket.create_connection((address, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request, self.wanted = request, wanted
        self.buffer, self.got = memoryview(bytearray(2**20)), 0
        self.size, self.at = 0, 0  # of an answer, and where in it its tensor begins
        self.sent = 0.0

    def send(self):
        """Asks once more."""
        self.got, self.sent = 0, time.perf_counter()
        self.socket.sendall(self.request)

    def receive(self):
        """Whether the answer is there, which is then compared."""
        self.got += self.socket.recv_into(self.buffer[self.got :])
        if not self.size and not self.learn():
            return False
        if self.got < self.size:
            return False
        end = self.at + len(self.wanted)
        assert self.got == self.size and self.buffer[self.at : end] == self.wanted, bytes(
            self.buffer[: self.got][:600]
        )
        return True

    def learn(self):
        """The size of an answer, of the first one; they are alike."""
        head, ended, _ = bytes(self.buffer[: self.got]).partition(b"\r\n\r\n")
        if not ended:
            return False
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(re.search(rb"\r\ncontent-length: (\d+)", head).group(1))
        self.size = len(head) + 4 + length
        if self.got >= self.size:
            self.at = bytes(self.buffer[: self.got]).index(self.wanted)
            return True
        self.size = 0
        return False


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
