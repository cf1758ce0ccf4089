"""Starts a server, watches its artifacts, and ends it without losing a request."""

import asyncio
import contextlib
import gc
import io
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

import uvicorn

from zoo.artifact.search_path import StrPath
from zoo.errors import InputError
from zoo.runtime.sessions import Providers
from zoo.serve.application import Application
from zoo.serve.models import Shelf
from zoo.serve.protocol import bounded
from zoo.serve.quick import Quick
from zoo.serve.record import Log
from zoo.serve.settings import Access, Limits
from zoo.serve.site import ASIDE, UNWANTED, Site

_GARBAGE = (5_000, 10, 10)
"""When Python looks for garbage. By its own numbers it does so hundreds of times while large JSON
is read, of which nothing is garbage, and others wait three times as long."""

_PATIENCE = 10.0  # seconds at most for an explorer that is being written when the server ends
_SWITCH = 0.0005  # seconds after which a thread that computes in Python lets another go on


class Server(uvicorn.Server):
    """A server that, asked to end, first tells clients so: answers close their connections.

    Args:
        application: what answers.
        config: uvicorn's.
        watcher: begins once it listens, so that the log's first line says where.
    """

    def __init__(
        self, application: Application, config: uvicorn.Config, watcher: threading.Thread
    ) -> None:
        super().__init__(config)
        self._application, self._watcher = application, watcher

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, and says so."""
        await super().startup(sockets)
        for listener in sockets or ():
            models = list(self._application.shelf.models)
            self._application.log.event("serving", address=_address(listener), models=models)
        self._watcher.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops to listen, once who has connected is accepted: they would be reset."""
        made = [
            asyncio.get_running_loop().connect_accepted_socket(self._protocol, each)
            for listener in sockets or ()
            for each in _waiting(listener)
        ]
        tasks = [asyncio.create_task(each) for each in made]  # begin when nobody can connect
        await super().shutdown(sockets)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM and Ctrl-C: drains; a second one ends at once."""
        if self._application.draining:
            self.should_exit = self.force_exit = True
            return
        self._application.draining = True
        self._application.log.event("draining", signal=sig)
        threading.Timer(self._application.limits.drain_seconds, self._close).start()

    def _close(self) -> None:
        self.should_exit = True


def serve(
    artifacts: Sequence[StrPath],
    host: str = "127.0.0.1",
    port: int = 8000,
    providers: Providers = None,
    threads: int | None = None,
    limits: Limits | None = None,
    access: Access | None = None,
    look_seconds: float = 2.0,
    request_log: bool = True,
    explorer: bool | None = None,
) -> None:
    """Serves artifacts until SIGTERM or Ctrl-C; every request that was accepted is answered.

    Args:
        artifacts: folders or names; "mine=exports/conv_vae-mnist" serves one by another name.
        host: address to listen at; the default is reached from this machine alone.
        port: 0 takes a free one, which the log's first line says.
        providers: of ONNX Runtime, see `zoo.load`.
        threads: of one operator, see `zoo.load`.
        limits: see `Limits`.
        access: see `Access`.
        look_seconds: how often folders are looked at for newer versions; 0: never.
        request_log: whether standard output gets a line of JSON for each request, too, and not
            for what happens to the server alone.
        explorer: whether `/` shows the explorer, for which whoever may ask gets weights and test
            data; None: where no token is asked for and the address is this machine's own.

    Raises:
        InputError: for arguments that do not fit, or an address that is not to be had.
        ArtifactError: for an artifact that is missing, incomplete or changed.
    """
    limits = limits or Limits()
    listener = _listen(host, port)
    log = Log(_standard_output(), request_log)
    with contextlib.closing(log), contextlib.closing(listener):
        shelf = Shelf(artifacts, providers, threads)
        site = Site(shelf, log, _unwanted(explorer, access, listener))
        application = Application(shelf, limits, access, log, site)
        config = uvicorn.Config(
            application,
            http=bounded(limits, Quick(application)),
            proxy_headers=False,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(limits.seconds) + 1,
        )
        ended = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(application, look_seconds, ended), daemon=True
        )
        server = Server(application, config, watcher)
        sys.setswitchinterval(_SWITCH)
        gc.collect()
        gc.freeze()  # what is there stays: it is not looked through each time
        gc.set_threshold(*_GARBAGE)
        try:
            server.run([listener])
        finally:
            ended.set()
            application.work.close()
            if watcher.is_alive():
                watcher.join(_PATIENCE)
            site.close()
            log.event("ended")


def _standard_output() -> io.RawIOBase | None:
    """Standard output without a buffer; None where there is none, as in a service of Windows."""
    try:
        sys.stdout.flush()
        return io.FileIO(sys.stdout.fileno(), "w", closefd=False)
    except (AttributeError, OSError, ValueError):
        return None


def _watch(application: Application, seconds: float, ended: threading.Event) -> None:
    """Writes the explorer, and picks up newer versions until the server ends."""
    application.site.renew()
    while seconds and not ended.wait(seconds):
        try:
            happened = application.shelf.look_again()
        except Exception as error:  # the server goes on with what it has
            application.log.event("error", traceback=repr(error))
            continue
        for name, what in happened:
            application.metrics.reloaded(what.endswith("is served"))
            application.log.event("artifact", name=name, what=what)
        application.site.renew()


def _unwanted(explorer: bool | None, access: Access | None, listener: socket.socket) -> str:
    """Why there is to be no explorer; "" where there is."""
    if explorer is None:
        address = ipaddress.ip_address(listener.getsockname()[0].partition("%")[0])
        return ASIDE if (access and access.tokens) or not address.is_loopback else ""
    return "" if explorer else UNWANTED


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InputError: saying why there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, number, _, address = found[0]
        listener = socket.socket(family, kind, number)
    except (OSError, OverflowError, UnicodeError) as error:
        raise InputError(f"host, port: {host}:{port} is no address ({error}).") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(
            f"host, port: {host}:{port} cannot be listened at ({error}). Give another port, or 0 "
            "for a free one."
        ) from error
    return listener


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections that were made, and not yet accepted."""
    with contextlib.suppress(OSError):  # there is none more
        while True:
            yield listener.accept()[0]


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
