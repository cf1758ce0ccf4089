"""A server as it is started, in a process of its own, and requests to it without a library."""

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WITH_PAGE = """\
import sys
from pathlib import Path
from zoo.command_line import main
from zoo.explorer import writing
writing.PAGE = Path(sys.argv.pop(1))
sys.exit(main(sys.argv[1:]))
"""
"""`python -m zoo`, whose explorer's page is at a path that comes first."""

ROOT = Path(__file__).resolve().parents[2]
STARTS = 60  # seconds at most
LIMITED = """import json, sys
from zoo.serve import Limits
from zoo.serve.server import serve
serve(sys.argv[2:], port=0, threads=1, limits=Limits(**json.loads(sys.argv[1])))"""


class Running:
    """`zoo serve ...` at a free port.

    Args:
        log: the file that gets what it says.
        arguments: of the command.
        limits: of `zoo.serve.Limits`, for those that the command has no option for; the arguments
            are artifacts alone then.
        page: the folder of the explorer's built page; None takes the clone's, if it is built.
        port: to listen at; 0 takes a free one.
    """

    def __init__(self, log, *arguments, limits=None, page=None, port=0):
        self.log = log
        program = ["-m", "zoo"] if page is None else ["-c", WITH_PAGE, str(page)]
        command = [*program, "serve", *map(str, arguments), "--port", str(port)]
        if limits is not None:
            command = ["-c", LIMITED, json.dumps(limits), *map(str, arguments)]
        with open(log, "wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                start_new_session=True,  # Ctrl-C is of who started it, and ends it by `end`
            )
        try:
            self.address = self.wait_for("serving")["address"]
        except BaseException:
            self.kill()
            raise
        self.host = self.address.removeprefix("http://")

    def events(self, event):
        """Lines of its log of one kind."""
        found = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [each for each in map(json.loads, found) if each["event"] == event]

    def wait_for(self, event, count=1, seconds=STARTS):
        """The last line of a kind, once there are so many."""
        end = time.monotonic() + seconds
        while len(self.events(event)) < count:
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return self.events(event)[-1]

    def terminate(self):
        """SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        """SIGKILL, and waits."""
        self.process.kill()
        self.process.wait()

    def end(self):
        """SIGTERM; the exit code."""
        self.terminate()
        return self.process.wait(30)

    def ask(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, path, value, headers=None):
        """(status, JSON) of JSON that is posted."""
        status, _, body = self.ask("POST", path, json.dumps(value), headers)
        return status, json.loads(body)


def connected(server, wait=5.0):
    """A connection, by itself."""
    host, port = server.host.split(":")
    connection = socket.create_connection((host, int(port)), timeout=wait)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def all_of(connection):
    """(what still comes on a connection, whether it was closed by the server in its time)."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except TimeoutError:
        return found, False
    except ConnectionResetError:
        pass
    return found, True


def run(coroutine):
    """What a coroutine gives, in a thread: Playwright's loop may run in the tests' own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


def raw(server, content, wait=5.0):
    """What comes back for bytes, or pieces of them, on a connection; b"" where nothing does."""
    with connected(server, wait) as connection:
        for piece in (content,) if isinstance(content, bytes) else content:
            connection.sendall(piece)
            time.sleep(0 if isinstance(content, bytes) else 0.002)
        return all_of(connection)[0]
