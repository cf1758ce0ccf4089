"""`show`: the explorer of one artifact, from this process to a browser on this machine."""

import functools
import html
import http.server
import secrets
import tempfile
import threading
import weakref
from pathlib import Path

from zoo.explorer.writing import write

_HEIGHT = 720  # pixels of a notebook's cell


def show(artifact, height=_HEIGHT):
    """The explorer of an artifact, served to this machine until the process ends.

    Args:
        artifact: what `zoo.load` gave.
        height: of the frame in a notebook, in pixels.

    Returns:
        A `Shown`: a notebook shows it as a frame, a prompt as its address.
    """
    found = _known.get(artifact)
    if found is None:
        found = _known[artifact] = _server().add(artifact)
    return Shown(str(artifact.manifest.get("name")), found, height)


class Shown:
    """An explorer that is served.

    Args:
        name: the artifact's.
        address: where a browser on this machine finds it.
        height: of its frame, in pixels.
    """

    def __init__(self, name, address, height):
        self.name = name
        self.address = address
        self.height = height

    def __repr__(self):
        return (
            f"The explorer of {self.name} is at {self.address} for as long as this process lives: "
            "open it in a browser on this machine. In a notebook it is shown as a frame."
        )

    def _repr_html_(self):
        address = html.escape(self.address, quote=True)
        return (
            f'<iframe src="{address}" title="{html.escape(self.name, quote=True)}" width="100%" '
            f'height="{int(self.height)}" style="border: 0"></iframe>'
            f"<p>Where nothing is seen, the kernel is on another machine than the browser, or the "
            f'notebook shows no frames: <a href="{address}" target="_blank">{address}</a></p>'
        )


class _Server:
    """Serves explorers to this machine, each below an address that cannot be guessed.

    Other users of the machine reach the port, and not what is behind it.
    """

    def __init__(self):
        self._root = tempfile.TemporaryDirectory(prefix="zoo-explorer-")  # removed at exit
        handler = functools.partial(_Handler, directory=self._root.name)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def add(self, artifact):
        """The address of an artifact's explorer, which is written first."""
        name = secrets.token_urlsafe(16)
        write(artifact, Path(self._root.name) / name, offline=False)
        return f"http://127.0.0.1:{self._server.server_port}/{name}/"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files, no lists of them, and no log."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript"  # whatever the machine's own table says: modules want it
    }

    def list_directory(self, path):
        self.send_error(404)

    def log_message(self, *arguments):
        """Says nothing."""


@functools.cache
def _server():
    return _Server()


_known = weakref.WeakKeyDictionary()  # {artifact: address}
