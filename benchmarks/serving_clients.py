"""Clients of `zoo serve`: good ones, who know what `zoo.load` answers, and bad ones."""

import functools
import gzip
import http.client
import json
import socket
import time
import zlib

import numpy as np

import zoo
from zoo.artifact.tokens import TOKENS
from zoo.runtime.tables import NUMBERS

DATATYPES = {"float32": "FP32", "int32": "INT32", "int64": "INT64"}
LENGTH = "Inference-Header-Content-Length"
HUNG_UP = "hung up by the client"
_HUGE = 2**40


class Asked:
    """A good request, and what `zoo.load` answers.

    Args:
        model: its name.
        path: of the server.
        body: bytes.
        headers: of the request.
        wanted: {output: array, list of text, or a table's columns}.
    """

    def __init__(self, model, path, body, headers, wanted):
        self.model, self.path, self.body, self.headers = model, path, body, headers
        self.wanted = wanted

    def fits(self, headers, body):
        """Whether an answer of status 200 is the wanted one, bit for bit."""
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        length = int(headers.get(LENGTH, len(body)))
        told = json.loads(body[:length])
        if "outputs" in told:
            told = dict(_tensors(told["outputs"], body[length:]))
        return {*told} == {*self.wanted} and all(
            _same(told[name], value) for name, value in self.wanted.items()
        )


def good(folders, count, chance):
    """{name of an artifact: [`Asked`]}, every endpoint of each in every way to ask.

    Args:
        folders: of the artifacts, each served by its folder's name.
        count: of different requests of an endpoint.
        chance: a numpy generator.
    """
    found = {}
    for folder in folders:
        app = zoo.load(folder, threads=1)
        made = found[folder.name] = []
        with np.load(app.folder / "test_data" / "inputs.npz") as stored:
            data = {name: stored[name] for name in stored}
        for key, endpoint in app.endpoints.items():
            for number in range(count):
                rows = (1, 2, 5)[number % 3]
                picked = chance.integers(0, len(next(iter(data.values()))), rows)
                given = {t.name: data[t.name][picked] for t in endpoint.inputs}
                if "seed" in given:
                    given["seed"] = chance.integers(-(2**63), 2**63, rows)
                made += _ways(app, folder.name, key, endpoint, given)
    return found


def _ways(app, name, key, endpoint, given):
    call = getattr(app, key)
    wanted = call(**given)._asdict()
    model = f"{name}-{key}"
    path = f"/v2/models/{model}/infer"
    text, tail = _request(endpoint, given, True)
    packed = {LENGTH: str(len(text)), "Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    yield Asked(model, path, _request(endpoint, given, False)[0], {}, wanted)
    yield Asked(model, path, text + tail, {LENGTH: str(len(text))}, wanted)
    yield Asked(model, path, gzip.compress(text + tail, 1), packed, wanted)
    said = {n: v.tolist() for n, v in given.items()}
    if app.schema.columns and NUMBERS in said:
        rows = app.generate(np.arange(len(given[NUMBERS]))).table
        said = {"table": {n: _plain(v) for n, v in rows.items()}}
        answer = call(rows)
    elif app.schema.vocabulary and TOKENS in said:
        said = {"strings": [app.schema.vocabulary.text(row) for row in given[TOKENS]]}
        answer = call(said["strings"])
    else:
        answer = call(**given)
    more = answer._asdict()
    if hasattr(type(answer), "table"):
        more["table"] = {n: _plain(v) for n, v in answer.table.items()}
    if hasattr(type(answer), "strings"):
        more["strings"] = answer.strings
    yield Asked(model, f"/v1/{name}/{key}", json.dumps(said).encode(), {}, more)


def _request(endpoint, given, binary):
    """(JSON, bytes behind it)."""
    entries, tail = [], b""
    for tensor in endpoint.inputs:
        array = given[tensor.name].astype(tensor.dtype)
        shape = list(array.shape) if array.ndim > 1 else [len(array), 1]
        entry = {"name": tensor.name, "shape": shape, "datatype": DATATYPES[tensor.dtype]}
        if binary:
            entry["parameters"] = {"binary_data_size": array.nbytes}
            tail += array.tobytes()
        else:
            entry["data"] = [None if v != v else v for v in array.ravel().tolist()]
        entries.append(entry)
    asked = {"inputs": entries, "parameters": {"binary_data_output": binary}}
    return json.dumps(asked).encode(), tail


def _tensors(outputs, tail):
    dtypes = {name: np.dtype(dtype) for dtype, name in DATATYPES.items()}
    for each in outputs:
        size = each.get("parameters", {}).get("binary_data_size")
        dtype = dtypes[each["datatype"]]
        if size is None:
            yield each["name"], np.array(each["data"], np.float64 if dtype.kind == "f" else dtype)
        else:
            yield each["name"], np.frombuffer(tail[:size], dtype)
            tail = tail[size:]


def _same(found, wanted):
    if not isinstance(wanted, np.ndarray):
        return found == wanted
    found = np.array(found, np.float64 if wanted.dtype.kind == "f" else wanted.dtype)
    found = found.astype(wanted.dtype).ravel()
    return np.array_equal(found, wanted.ravel(), equal_nan=wanted.dtype.kind == "f")


def _plain(values):
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return [None if each == "NaT" else each for each in array.astype(str).tolist()]
    return [None if each != each else each for each in array.tolist()]


class Bad:
    """Clients that mean harm, or are broken.

    Args:
        host: of the server, host:port.
        asked: good requests, to be spoilt.
        chance: a `random.Random`.
        drawn: (path, JSON) of a request whose answer is large.
    """

    def __init__(self, host, asked, chance, drawn):
        self._address = (host.split(":")[0], int(host.split(":")[1]))
        self._host, self._asked, self._chance, self._drawn = host, asked, chance, drawn

    def quick(self):
        """{name: function that does it once, and says how it was answered}."""
        return {
            "malformed JSON": self._malformed,
            "wrong sizes": self._wrong_sizes,
            "a gzip bomb": self._unpacks,
            "hangs up": self._hangs_up,
            "a body over the limit": self._oversize,
            "tricks of the path": self._path,
            "headers twice": self._twice,
            "pipelined requests": self._pipelined,
            "large JSON of nothing": self._nothing,
            "a byte anywhere": self._byte,
        }

    def slow(self):
        """The same, of what takes seconds."""
        return {
            "a slow body": self._slow_body,
            "slow headers": self._slow_headers,
            "takes no answer": self._takes_nothing,
            "a line's end, and silence": self._silent,
        }

    def _some(self):
        return self._chance.choice(self._asked)

    def _raw(self, path, body, *headers, length=True):
        lines = [f"POST {path} HTTP/1.1", "Host: a", *headers]
        lines += [f"Content-Length: {len(body)}"] if length else []
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _send(self, content, wait=15.0):
        """How some bytes are answered, on a connection of their own."""
        with socket.create_connection(self._address, timeout=wait) as connection:
            try:
                connection.sendall(content)
            except (ConnectionError, TimeoutError):
                pass
            return _statuses(_read(connection))

    def _post(self, asked, body, headers):
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.request("POST", asked.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (ConnectionError, http.client.HTTPException, TimeoutError) as error:
            return type(error).__name__
        finally:
            connection.close()

    def _malformed(self):
        asked = self._some()
        body = bytearray(asked.body)
        del body[self._chance.randrange(len(body)) :]
        for _ in range(3):
            body.insert(self._chance.randrange(len(body) + 1), self._chance.choice(b'{}[]",:\\\0e'))
        return self._post(asked, bytes(body), {})

    def _wrong_sizes(self):
        asked = next(each for each in iter(self._some, None) if LENGTH in each.headers)
        other = str(max(0, int(asked.headers[LENGTH]) + self._chance.choice((-9, -1, 1, 8, 10**6))))
        if "Content-Encoding" in asked.headers or self._chance.random() < 0.5:
            return self._post(asked, asked.body, asked.headers | {LENGTH: other})
        return self._post(asked, asked.body[: -self._chance.randrange(1, 9)], asked.headers)

    def _unpacks(self):
        return self._post(self._some(), _bomb(), {"Content-Encoding": "gzip"})

    def _hangs_up(self):
        asked = self._some()
        content = self._raw(asked.path, asked.body)
        with socket.create_connection(self._address, timeout=15) as connection:
            connection.sendall(content[: self._chance.randrange(len(content) + 1)])
            if self._chance.random() < 0.3:
                connection.sendall(content)
                connection.settimeout(0.01)
                try:
                    connection.recv(10)
                except TimeoutError:
                    pass
            if self._chance.random() < 0.5:  # with a reset
                linger = b"\1\0\0\0\0\0\0\0"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return HUNG_UP

    def _oversize(self):
        path = self._some().path
        if self._chance.random() < 0.8:
            stated = f"Content-Length: {_HUGE}"
            return self._send(self._raw(path, b"", stated, "Connection: close", length=False))
        chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
        headers = ("Transfer-Encoding: chunked", "Connection: close")
        return self._send(self._raw(path, chunk * 66, *headers, length=False))

    def _path(self):
        tricks = ("/../../etc/passwd", "/v1/%2e%2e/%2e%2e", "//v2", "/v2/models/..%2f..%2fx",
                  "/%00", "/v1/\xff/\xfe", "/" + "a" * 60_000, "/v2/models/x/infer", "*",
                  "http://", "/v2 x", "/v1/conv_vae-mnist/generate%0d%0aX: y",
                  "/docs/../exports", "\0")  # fmt: skip
        return self._send(self._raw(self._chance.choice(tricks), b"{}", "Connection: close"))

    def _twice(self):
        asked = self._some()
        more = self._chance.choice(
            (
                ("Content-Length: 3",),
                ("Transfer-Encoding: chunked",),
                ("Host: b",),
                (f"{LENGTH}: 1", f"{LENGTH}: 2"),
                ("Content-Encoding: gzip", "Content-Encoding: deflate"),
            )
        )
        return self._send(self._raw(asked.path, asked.body, *more, "Connection: close"))

    def _pipelined(self):
        parts = []
        for _ in range(20):
            asked = self._some()
            headers = [f"{name}: {value}" for name, value in asked.headers.items()]
            body = asked.body if self._chance.random() < 0.7 else b"{" + asked.body
            parts.append(self._raw(asked.path, body, *headers))
        parts.append(self._raw("/v1/absent/x", b"", "Connection: close"))
        return self._send(b"".join(parts))

    def _nothing(self):
        return self._post(self._some(), b'{"x":[' + b"[]," * 600_000 + b"[]]}", {})

    def _byte(self):
        asked = self._some()
        headers = [f"{name}: {value}" for name, value in asked.headers.items()]
        content = bytearray(self._raw(asked.path, asked.body, "Connection: close", *headers))
        content[self._chance.randrange(min(len(content), 400))] = self._chance.randrange(256)
        return self._send(bytes(content), 1.0)

    def _slow_body(self):
        asked = self._some()
        return self._drip(self._raw(asked.path, asked.body), len(asked.body))

    def _slow_headers(self):
        return self._drip(self._raw(self._some().path, b"", f"X: {'a' * 5000}"), 5000)

    def _drip(self, content, last):
        """A byte at a time, until it is answered."""
        with socket.create_connection(self._address, timeout=0.05) as connection:
            connection.sendall(content[:-last])
            for at in range(len(content) - last, len(content)):
                try:
                    connection.sendall(content[at : at + 1])
                    if part := connection.recv(65536):
                        return _statuses(part)
                    return "closed"
                except TimeoutError:
                    pass
                except ConnectionError:
                    return "closed"
            connection.settimeout(15)
            return _statuses(_read(connection))

    def _takes_nothing(self):
        path, body = self._drawn
        with socket.create_connection(self._address, timeout=2) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                connection.sendall(self._raw(path, body) * 20)
            except (TimeoutError, ConnectionError):
                pass
            time.sleep(10)
        return HUNG_UP

    def _silent(self):
        with socket.create_connection(self._address, timeout=30) as connection:
            connection.sendall(b"GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.recv(65536)
            connection.sendall(b"\r\n")
            return _statuses(_read(connection)) or "closed"


@functools.cache
def _bomb():
    """300 MB of nothing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(bytes(300_000_000)) + packer.flush()


def _read(connection):
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except (TimeoutError, ConnectionError):
        pass
    return found


def _statuses(found):
    """The statuses of some answers, each once; "closed" where there is none."""
    parts = found.split(b"HTTP/1.1 ")[1:]
    return ", ".join(sorted({part[:3].decode("latin-1") for part in parts})) or "closed"
