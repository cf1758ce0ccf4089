"""The server as an ASGI application: who may ask, what is asked, who answers.

No framework is between a request and a graph: routes are a few words of a path.
"""

import hmac
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from zoo import __version__
from zoo.errors import InputError
from zoo.serve import bodies, openapi, page, tensors, words
from zoo.serve.models import Model, Served, Shelf
from zoo.serve.record import CONTENT_TYPE, Answered, Log, Metrics
from zoo.serve.refused import HungUp, Refused, short
from zoo.serve.settings import Access, Limits
from zoo.serve.site import UNWANTED, Found, Site
from zoo.serve.work import Work

Headers = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = b"application/json"
BINARY = b"application/octet-stream"
_HTML = b"text/html; charset=utf-8"
JSON_LENGTH = b"inference-header-content-length"
_ONCE = frozenset(
    (
        JSON_LENGTH,
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"authorization",
        b"host",
        b"origin",
    )
)
"""Headers that a request has once at most: of two it would not be known which is meant."""

_SMALL = 2**16  # bytes of a body that is read between two requests, and not in a thread
_OPEN = (["v2", "health", "live"], ["v2", "health", "ready"])  # asked without a token
_HUNG_UP = 499  # as access logs elsewhere name it; nobody is answered so


@dataclass
class Answer:
    """A status, a body, what it is, and other headers."""

    body: bytes
    status: int = 200
    kind: bytes = JSON
    headers: Headers = field(default_factory=list)
    file: Found | None = None  # in place of the body

    @property
    def size(self) -> int:
        """Of the body, in bytes."""
        return len(self.body) if self.file is None else self.file.size


@dataclass
class Request:
    """A request's headers and path, and what is known of it for metrics and log."""

    method: str
    path: list[str]
    headers: dict[bytes, bytes]
    receive: bodies.Receive
    whole: bool
    model: str = ""
    rows: int = 0
    size: int = 0

    def header(self, name: bytes) -> str:
        """A header's text; "" where there is none."""
        return self.headers.get(name, b"").decode("latin-1").strip()


class Application:
    """Answers the Open Inference Protocol, /v1 by words, and what tells of the server.

    Args:
        shelf: the artifacts.
        limits: see `Limits`.
        access: see `Access`.
        log: gets a line for each request.
        site: the explorer; None for none.
    """

    def __init__(
        self,
        shelf: Shelf,
        limits: Limits | None = None,
        access: Access | None = None,
        log: Log | None = None,
        site: Site | None = None,
    ) -> None:
        self.shelf = shelf
        self.limits = limits or Limits()
        self.access = access or Access()
        self.log = log or Log(None)
        self.site = site or Site(shelf, self.log, UNWANTED)
        self.work = Work(self.limits)
        self.metrics = Metrics(shelf, self.work)
        self.draining = False
        """Whether it was asked to end: not ready, and connections are told to close."""

        self._bodies = bodies.Bodies(self.limits)
        self._describes: tuple[Mapping[str, Served], str] = {}, ""
        self._description = b"", b""
        self._tokens = [f"Bearer {token}".encode("ascii") for token in self.access.tokens]

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"given {scope['type']}, wanted http; start it by zoo.serve.serve")
        began = time.perf_counter()
        path, whole = scope["path"].split("/")[1:], bodies.WHOLE in scope
        request = Request(scope["method"], path, {}, receive, whole)
        try:
            try:
                if bodies.CROWDED in scope:
                    raise self._crowded()
                answer = await self._answered(request, scope["headers"])
            except Refused as refused:
                answer = _refusal(refused.status, str(refused), list(refused.headers))
                # The future that it came by and its traceback hold each other, and what was
                # unpacked: without this they would do so until Python looks for garbage.
                refused.__traceback__ = refused.__context__ = None
            except HungUp:
                self._record(scope, request, _HUNG_UP, 0, began)
                return
            except Exception as error:
                where = "".join(traceback.format_exception(error))
                self.log.event("error", path=scope["path"][:400], traceback=where)
                answer = _refusal(500, "The server failed; its log says where.")
            await self._send(send, request, answer)
            self._record(scope, request, answer.status, answer.size, began)
        except OSError:  # the client went away while it was answered
            self._record(scope, request, _HUNG_UP, 0, began)

    def _crowded(self) -> Refused:
        return Refused(
            503,
            f"{self.limits.connections:,} connections are open already. Ask again in a second, or "
            "close those that are not needed.",
            ((b"retry-after", b"1"), (b"connection", b"close")),
        )

    async def _send(self, send: Send, request: Request, answer: Answer) -> None:
        length = [] if answer.status == 304 else [(b"content-length", b"%d" % answer.size)]
        headers = [
            (b"content-type", answer.kind),
            *length,
            *answer.headers,
            *self._shared_with(request),
        ]
        if self.draining:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.file is None:
            await send({"type": "http.response.body", "body": answer.body})
        else:
            await answer.file.send(send)

    def _record(self, scope: Scope, request: Request, status: int, size: int, began: float) -> None:
        seconds = time.perf_counter() - began
        answered = Answered(
            time.time(),
            scope["client"],
            request.method,
            scope["path"],
            status,
            seconds,
            request.size,
            size,
            request.model,
            request.rows,
        )
        self.metrics.answered(answered)
        self.log.request(answered)

    async def _answered(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> Answer:
        for name, value in headers:
            if name in request.headers and name in _ONCE:
                raise Refused(
                    400, f"The header {name.decode('latin-1')} is given twice. Give it once."
                )
            request.headers[name] = value
        if b"upgrade" in request.headers:
            _require_no_body(request)
        if request.method == "OPTIONS" and self.access.origins:
            return Answer(b"", 204, headers=_PREFLIGHT)
        if self._tokens and request.path not in _OPEN:
            self._require_token(request)
        match request.path:
            case ["v2", "models", model, "infer"]:
                return await self._infer(request, model, None)
            case ["v2", "models", model, "versions", version, "infer"]:
                return await self._infer(request, model, version)
            case ["v1", artifact, endpoint]:
                return await self._by_words(request, artifact, endpoint)
        return await self._explorer(request) or self._told(request)

    async def _explorer(self, request: Request) -> Answer | None:
        """A file of the explorer; None where the path names none."""
        file = self.site.find(request.path)
        if file is None:
            return None
        if request.method not in ("GET", "HEAD"):
            _require_method(request, "GET, HEAD")
        found = await self.site.answer(file, request.method, request.headers)
        return Answer(b"", found.status, found.kind, found.headers, found) if found else None

    def _require_token(self, request: Request) -> None:
        given = request.headers.get(b"authorization", b"")
        if not any([hmac.compare_digest(given, each) for each in self._tokens]):
            raise Refused(
                401,
                "This server asks for a token. Send the header Authorization: Bearer TOKEN.",
                ((b"www-authenticate", b"Bearer"),),
            )

    async def _infer(self, request: Request, name: str, version: str | None) -> Answer:
        _require_method(request, "POST")
        model = self.shelf.model(name, version)
        request.model = model.name
        body, encoding = await self._body(request)
        length = _json_length(request)
        read = partial(self._read_tensors, model, body, encoding, length)
        small = len(body) <= _SMALL and not encoding
        asked = read() if small else await self.work.do(read, 1, None)
        request.rows = asked.rows
        pack = bodies.wanted_encoding(request.header(b"accept-encoding"))
        work = partial(_infer, model, asked, pack)
        return await self.work.do(work, asked.rows, model.paces[asked.binary and not pack])

    def _read_tensors(
        self, model: Model, body: bytes, encoding: str, length: int | None
    ) -> tensors.Request:
        body = bodies.unpacked(body, encoding, self.limits.body_bytes)
        self._require_short_json(len(body) if length is None else length)
        asked = tensors.read(model, body, length, self.limits.rows)
        self._require_short_answer(model, asked.rows, asked.binary)
        return asked

    async def _by_words(self, request: Request, artifact: str, endpoint: str) -> Answer:
        _require_method(request, "POST")
        model = self.shelf.endpoint(artifact, endpoint)
        request.model = model.name
        body, encoding = await self._body(request)
        read = partial(self._read_words, model, body, encoding)
        small = len(body) <= _SMALL and not encoding
        given, request.rows = read() if small else await self.work.do(read, 1, None)
        pack = bodies.wanted_encoding(request.header(b"accept-encoding"))
        work = partial(_by_words, model, given, pack)
        return await self.work.do(work, request.rows, model.paces[False])

    def _read_words(self, model: Model, body: bytes, encoding: str) -> tuple[dict[str, Any], int]:
        body = bodies.unpacked(body, encoding, self.limits.body_bytes)
        self._require_short_json(len(body))
        given, rows = words.read(model, body, self.limits.rows)
        self._require_short_answer(model, rows, False)
        return given, rows

    async def _body(self, request: Request) -> tuple[bytes, str]:
        """(body as it was sent, its encoding; "" where it is plain)."""
        stated = request.headers.get(b"content-length")
        body = await self._bodies.read(request.receive, stated, request.whole)
        request.size = len(body)
        encoding = request.header(b"content-encoding").lower()
        return body, "" if encoding == "identity" else encoding

    def _require_short_json(self, length: int) -> None:
        if length > self.limits.json_bytes:
            raise Refused(
                413,
                f"The JSON has {length:,} bytes, wanted are {self.limits.json_bytes:,} at most. "
                "Send large tensors by the binary extension of /v2, or fewer rows.",
            )

    def _require_short_answer(self, model: Model, rows: int, binary: bool) -> None:
        size = rows * model.answer_bytes
        most = self.limits.answer_bytes if binary else self.limits.json_answer_bytes
        if size > most:
            how = (
                "" if binary else " as JSON; ask for bytes by /v2 (binary_data_output), or split it"
            )
            raise Refused(
                400,
                f"{rows} rows would be answered by {size:,} bytes of numbers, and a request gets "
                f"{most:,} at most{how or '. Split the batch'}.",
            )

    def _told(self, request: Request) -> Answer:
        """What tells of the server and its models."""
        match request.path:
            case ["v2", "health", "live"]:
                told: Any = {"live": True}
            case ["v2", "health", "ready"] | ["v2", "models", _, "ready"]:
                told = {"ready": not self.draining}
                if request.path[1] == "models":
                    told = {"name": self.shelf.model(request.path[2]).name} | told
            case ["v2", "models", model, "versions", version, "ready"]:
                told = {"name": self.shelf.model(model, version).name, "ready": not self.draining}
            case ["v2"]:
                told = _SERVER
            case ["v2", "models"]:
                told = {"models": list(self.shelf.models)}
            case ["v2", "models", model]:
                told = self.shelf.model(model).metadata()
            case ["v2", "models", model, "versions", version]:
                told = self.shelf.model(model, version).metadata()
            case ["v1"]:
                told = {"artifacts": [_of(each) for each in self.shelf.served.values()]}
            case ["v1", artifact]:
                told = _of(self.shelf.artifact(artifact))
            case ["openapi.json"]:
                _require_method(request, "GET")
                return Answer(self._described()[0])
            case ["metrics"]:
                _require_method(request, "GET")
                return Answer(self.metrics.text(), kind=CONTENT_TYPE)
            case [""] | ["docs"]:
                _require_method(request, "GET")
                coming = self.site.is_coming and request.path == [""]
                headers = [*page.HEADERS, (b"refresh", b"1")] if coming else page.HEADERS
                return Answer(self._described()[1], kind=_HTML, headers=headers)
            case _:
                raise Refused(
                    404,
                    f"There is nothing at {short('/' + '/'.join(request.path))}. GET /docs shows "
                    "what there is.",
                )
        _require_method(request, "GET")
        status = 503 if isinstance(told, dict) and told.get("ready") is False else 200
        return Answer(tensors.write_json(told), status)

    def _described(self) -> tuple[bytes, bytes]:
        """(OpenAPI document, page) of what is served now; made once for each change of it."""
        served, why_not = self.shelf.served, self.site.why_not
        if self._describes != (served, why_not):
            document = openapi.document(served, self.limits, bool(self._tokens))
            self._description = tensors.write_json(document), page.made(document, why_not)
            self._describes = served, why_not
        return self._description

    def _shared_with(self, request: Request) -> Headers:
        """Headers by which a browser lets a page of another origin read the answer."""
        if not self.access.origins:
            return []
        origin = request.header(b"origin")
        if origin and (origin in self.access.origins or "*" in self.access.origins):
            allowed = b"*" if "*" in self.access.origins else origin.encode("latin-1")
            return [
                (b"access-control-allow-origin", allowed),
                (b"access-control-expose-headers", JSON_LENGTH),
                (b"vary", b"origin"),
            ]
        return [(b"vary", b"origin")]


_SERVER = {"name": "vae-zoo", "version": __version__, "extensions": ["binary_tensor_data"]}
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, content-encoding, inference-header-content-length",
    ),
    (b"access-control-max-age", b"600"),
]


def _infer(model: Model, asked: tensors.Request, pack: str) -> Answer:
    answer = _called(partial(model.call, **asked.given))
    parts, length = tensors.write(model, asked, answer)
    body = b"".join(parts)
    if length is None:
        return _packed(Answer(body), pack)
    header = (JSON_LENGTH, b"%d" % length)
    return _packed(Answer(body, kind=BINARY, headers=[header]), pack)


def _by_words(model: Model, given: dict[str, Any], pack: str) -> Answer:
    answer = _called(partial(words.call, model, given))
    return _packed(Answer(words.write(model, answer)), pack)


def _called(call: Callable[[], Any]) -> Any:
    """What an endpoint answers; what it refuses is refused by its own sentence."""
    try:
        return call()
    except InputError as error:
        raise Refused(400, str(error)) from None


def _packed(answer: Answer, encoding: str) -> Answer:
    if encoding and len(answer.body) >= bodies.WORTH_PACKING:
        answer.body = bodies.packed(answer.body, encoding)
        answer.headers = [
            *answer.headers,
            (b"content-encoding", encoding.encode("ascii")),
            (b"vary", b"accept-encoding"),
        ]
    return answer


def _refusal(status: int, sentence: str, headers: Headers | None = None) -> Answer:
    return Answer(tensors.write_json({"error": sentence}), status, headers=headers or [])


def _require_method(request: Request, method: str) -> None:
    """HEAD is GET, whose body is left out where the answer is written."""
    if request.method == method or (method == "GET" and request.method == "HEAD"):
        return
    allowed = "GET, HEAD" if method == "GET" else method
    raise Refused(
        405,
        f"Given {request.method[:20]}, wanted is {method}.",
        ((b"allow", allowed.encode("ascii")),),
    )


def _require_no_body(request: Request) -> None:
    """Of a request to upgrade the connection, what follows the headers is not read as its body."""
    asked = b"upgrade" in request.headers.get(b"connection", b"").lower()
    if asked and {b"content-length", b"transfer-encoding"} & {*request.headers}:
        raise Refused(
            400,
            "This server speaks HTTP/1.1 alone, and takes no body together with Upgrade. Tell the "
            "client to send HTTP/1.1; Java: HttpClient.newBuilder().version(Version.HTTP_1_1).",
            ((b"connection", b"close"),),
        )


def _json_length(request: Request) -> int | None:
    """The header Inference-Header-Content-Length; None where there is none."""
    given = request.headers.get(JSON_LENGTH)
    if given is None:
        return None
    text = given.strip()
    if not text.isdigit() or len(text) > 18:
        raise Refused(
            400,
            f"Inference-Header-Content-Length: given {short(text.decode('latin-1'))}, wanted is "
            "the number of bytes of the JSON.",
        )
    return int(text)


def _of(served: Served) -> dict[str, Any]:
    """An artifact, and what may be asked of it by words."""
    return {
        "name": served.name,
        "artifact": served.title,
        "version": served.version,
        "sha256": served.digest,
        "endpoints": {key: list(words.inputs_of(each)) for key, each in served.models.items()},
    }
