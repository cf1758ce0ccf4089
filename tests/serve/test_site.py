"""The explorer at `/`: a table of files, no way beside it, and what is there while it is not."""

import gzip
import json
import os
import tempfile
from pathlib import Path

import pages
import pytest

from serve import handmade
from serve.running import ROOT, run
from zoo import explorer
from zoo.atomic_write import locked
from zoo.errors import ExportError
from zoo.explorer import writing
from zoo.serve import server, site
from zoo.serve.application import Application
from zoo.serve.models import Shelf
from zoo.serve.record import Log
from zoo.serve.settings import Access
from zoo.serve.site import Site

CONV, RNN = ROOT / "exports" / "conv_vae-mnist", ROOT / "exports" / "rnn_vae-mnist"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder that the system's temporary one is for a test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def start(tmp_path, temporary, monkeypatch):
    """A function: artifacts ... -> an `Application` beside a small page, not renewed yet."""
    monkeypatch.setattr(writing, "PAGE", pages.small(tmp_path / "page"))
    started = []

    def make(*artifacts, access=None, unwanted=""):
        shelf, log = Shelf(artifacts, threads=1), Remembered(None)
        made = Application(shelf, access=access, log=log, site=Site(shelf, log, unwanted))
        started.append(made)
        return made

    yield make
    for each in started:
        each.site.close()
    assert not list(temporary.iterdir())


class Remembered(Log):
    """What it was told of the explorer."""

    def __init__(self, stream):
        super().__init__(stream)
        self.told = []

    def event(self, event, **facts):
        assert event == "explorer", facts
        self.told.append(facts["what"])


def ask(application, path, method="GET", **headers):
    """(status, headers, [parts of the body]) of a request that has the path of a URL, decoded."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    given = [(name.replace("_", "-").encode(), each.encode()) for name, each in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": given, "client": None}
    run(application(scope, receive, send))
    told = {name.decode(): each.decode() for name, each in sent[0]["headers"]}
    return sent[0]["status"], told, [each["body"] for each in sent[1:] if each["body"]]


def body(application, path, **headers):
    """The body of an answer that has one."""
    status, _, parts = ask(application, path, **headers)
    assert status == 200, parts
    return b"".join(parts)


def place(application, name):
    """The address of an artifact's files."""
    told = json.loads(body(application, "/explorer.json"))
    (found,) = (each["address"] for each in told["artifacts"] if each["name"] == name)
    return f"/{found}"


def test_every_file_is_there_by_the_name_that_the_server_has_for_its_artifact(start, tmp_path):
    running = start(f"mine={CONV}", RNN)
    running.site.renew()
    out = tmp_path / "wanted"
    shown = {name: each.artifact for name, each in running.shelf.served.items()}
    assert explorer.write(shown, out, offline=False, docs="docs") == ["mine", "rnn_vae-mnist"]
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 25
    for path in files:
        assert body(running, f"/{path.relative_to(out).as_posix()}") == path.read_bytes(), path
    assert body(running, "/") == (out / "index.html").read_bytes()
    assert place(running, "mine").startswith("/artifacts/mine/")


@pytest.mark.parametrize(
    ("name", "kind", "keeps"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/explorer.json", "application/json", "no-cache"),
        ("/service-worker.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/assets/index-1.js", "text/javascript; charset=utf-8", "immutable"),
        ("/runtime/onnxruntime.wasm.gz", "application/gzip", "no-cache"),
        ("onnx/weights.bin", "application/octet-stream", "immutable"),
        ("manifest.json", "application/json", "immutable"),
    ],
)
def test_a_browser_is_told_what_it_gets_and_how_long_it_may_keep_it(start, name, kind, keeps):
    running = start(CONV)
    running.site.renew()
    path = name if name.startswith("/") else place(running, "conv_vae-mnist") + name
    status, told, parts = ask(running, path)
    assert status == 200 and told["content-type"] == kind and keeps in told["cache-control"]
    assert told["x-content-type-options"] == "nosniff"
    assert ("content-security-policy" in told) == (name == "/")
    assert "content-encoding" not in told and int(told["content-length"]) == len(b"".join(parts))
    status, head, none = ask(running, path, "HEAD")
    assert (status, none) == (200, [])
    assert head["content-length"] == told["content-length"] and head["etag"] == told["etag"]
    status, again, none = ask(running, path, if_none_match=told["etag"])
    assert (status, none) == (304, []) and "content-length" not in again
    assert ask(running, path, if_none_match='"another"')[0] == 200


def test_texts_are_packed_for_who_takes_it_and_what_is_packed_already_is_not(start):
    running = start(CONV)
    running.site.renew()
    plain = body(running, "/assets/index-1.js")
    status, told, (packed,) = ask(running, "/assets/index-1.js", accept_encoding="br, gzip")
    assert status == 200 and told["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain and len(packed) < len(plain)
    assert told["etag"] != ask(running, "/assets/index-1.js")[1]["etag"]
    _, told, _ = ask(running, "/runtime/onnxruntime.wasm.gz", accept_encoding="gzip")
    assert "content-encoding" not in told


def test_a_large_file_is_sent_in_parts(start):
    running = start(CONV)
    running.site.renew()
    _, told, parts = ask(running, place(running, "conv_vae-mnist") + "onnx/weights.bin")
    assert int(told["content-length"]) > 8 * 2**17 and max(map(len, parts)) <= 2**17


TRICKS = [
    "/../../../etc/passwd",
    "//etc/passwd",
    "/./index.html",
    "/assets",
    "/assets/",
    "/assets/../index.html",
    "/assets/../../lock",
    "/artifacts/",
    "/artifacts/conv_vae-mnist/",
    "/artifacts/conv_vae-mnist/manifest.json",
    "/index.html/",
    "/index.html\0",
    "/assets\\index-1.js",
    "/INDEX.HTML",
    "/lock",
    "/1/index.html",
    "/removed-worker.js",
    "/" + "a/" * 5000,
]


@pytest.mark.parametrize("path", TRICKS, ids=range(len(TRICKS)))
def test_what_is_not_in_the_table_is_nowhere(start, path, monkeypatch):
    running = start(CONV)
    running.site.renew()
    monkeypatch.setattr(site, "open", pytest.fail, raising=False)  # no path gets that far
    status, told, parts = ask(running, path)
    assert status == 404 and "error" in json.loads(b"".join(parts))
    assert told["content-type"] == "application/json"


def test_the_files_are_read_and_not_written_to(start):
    running = start(CONV)
    running.site.renew()
    for method in ("POST", "PUT", "DELETE"):
        status, told, _ = ask(running, "/explorer.json", method)
        assert status == 405 and told["allow"] == "GET, HEAD"


def test_the_token_that_is_asked_for_is_asked_for_here(start):
    running = start(CONV, access=Access(("sesame",)))
    running.site.renew()
    weights = running.site._files.keys()
    assert len(weights) > 10
    for name in weights:
        status, told, _ = ask(running, f"/{name}")
        assert status == 401 and told["www-authenticate"] == "Bearer"
        assert ask(running, f"/{name}", authorization="Bearer sesame")[0] == 200


@pytest.mark.parametrize(
    ("asked", "tokens", "host", "shown"),
    [
        (None, (), "127.0.0.1", True),
        (None, (), "0.0.0.0", False),
        (None, ("sesame",), "127.0.0.1", False),
        (True, ("sesame",), "0.0.0.0", True),
        (False, (), "127.0.0.1", False),
    ],
)
def test_weights_and_test_data_are_handed_out_to_this_machine_or_where_asked(
    asked, tokens, host, shown
):
    listener = server._listen(host, 0)
    with listener:
        assert (server._unwanted(asked, Access(tokens), listener) == "") == shown


def docs(application, path="/"):
    """The page at a path, which is that of the API."""
    status, told, parts = ask(application, path)
    assert status == 200 and "default-src 'none'" in told["content-security-policy"]
    page = b"".join(parts).decode()
    assert "/v2/models" in page
    return told, page


def test_where_the_page_is_not_built_a_sentence_says_how_to_build_it(start, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PAGE", tmp_path / "nothing")
    running = start(CONV)
    running.site.renew()
    for path in ("/", "/docs"):
        told, page = docs(running, path)
        assert "was not built in this clone" in page and "make page" in page
        assert "refresh" not in told and str(tmp_path) not in page
    assert ask(running, "/explorer.json")[0] == 404


def test_where_it_is_not_wanted_the_page_says_why(start):
    running = start(CONV, unwanted=site.ASIDE)
    running.site.renew()
    assert "--explorer" in docs(running)[1] and not running.log.told


def test_while_it_is_written_the_page_asks_again_and_then_each_links_to_the_other(start):
    running = start(CONV)
    told, page = docs(running)
    assert told["refresh"] == "1" and "in a moment" in page
    assert "refresh" not in docs(running, "/docs")[0]
    running.site.renew()
    assert b"<title>small</title>" in body(running, "/")
    assert '<a href="/">' in docs(running, "/docs")[1]
    assert json.loads(body(running, "/explorer.json"))["docs"] == "docs"


def test_what_cannot_be_shown_is_left_out_and_told(start, tmp_path):
    handmade.marked(tmp_path / "marked", 1.0)
    running = start(CONV, tmp_path / "marked")
    running.site.renew()
    assert [each["name"] for each in json.loads(body(running, "/explorer.json"))["artifacts"]] == [
        "conv_vae-mnist"
    ]
    assert running.log.told[0].startswith("marked is not shown: it has no encode, reconstruct")
    alone = start(tmp_path / "marked")
    alone.site.renew()
    assert "none of these artifacts" in docs(alone)[1]


def served_anew(application, **changes):
    """Serves a version whose manifest has these metrics, and renews the explorer."""
    shelf = application.shelf
    (old,) = shelf.served.values()
    old.artifact.manifest["metrics"] |= changes
    shelf._put(old)
    application.site.renew()


def test_an_open_page_goes_on_after_one_new_version_and_not_after_two(start, temporary):
    running = start(CONV)
    running.site.renew()
    first = place(running, "conv_vae-mnist")
    weights = body(running, f"{first}onnx/weights.bin")
    served_anew(running, nll=1.0)
    second = place(running, "conv_vae-mnist")
    assert second != first
    assert json.loads(body(running, f"{second}manifest.json"))["metrics"]["nll"] == 1.0
    assert json.loads(body(running, f"{first}manifest.json"))["metrics"]["nll"] != 1.0
    assert body(running, f"{first}onnx/weights.bin") == weights
    served_anew(running, nll=2.0)
    assert ask(running, f"{first}manifest.json")[0] == 404
    assert body(running, f"{second}onnx/weights.bin") == weights
    (root,) = temporary.iterdir()
    assert sorted(each.name for each in root.iterdir()) == ["2", "3", "lock"]


def test_what_is_served_already_is_not_written_again(start, temporary):
    running = start(CONV)
    for _ in range(3):
        running.site.renew()
    assert running.log.told == ["shown"]


def test_an_explorer_that_cannot_be_written_harms_nothing(start, monkeypatch):
    running = start(CONV)
    write = explorer.write

    def full(*given, **rest):
        raise ExportError("no space is left")

    monkeypatch.setattr(explorer, "write", full)
    running.site.renew()
    assert "could not be written" in docs(running)[1]
    assert running.log.told == ["not written: no space is left"]
    monkeypatch.setattr(explorer, "write", write)
    served_anew(running, nll=1.0)
    shown = body(running, "/explorer.json")
    monkeypatch.setattr(explorer, "write", full)
    served_anew(running, nll=2.0)
    assert body(running, "/explorer.json") == shown


def test_what_others_clear_away_is_written_anew(start, temporary):
    running = start(CONV)
    running.site.renew()
    weights = place(running, "conv_vae-mnist") + "onnx/weights.bin"
    (root,) = temporary.iterdir()
    for path in sorted(root.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    root.rmdir()
    assert ask(running, weights)[0] == 404
    running.site.renew()
    assert ask(running, weights)[0] == 200
    assert len(list(temporary.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="there are no locks here that tell who lives")
def test_what_a_killed_server_left_is_removed_and_what_a_living_one_has_is_not(start, temporary):
    folders = [temporary / f"{site.PREFIX}{name}" for name in ("dead", "living")]
    for folder in folders:
        (folder / "1").mkdir(parents=True)
        (folder / "lock").touch()
    foreign = temporary / "zoo-serve-of-another-kind"
    foreign.mkdir()
    running = start(CONV)
    with locked(folders[1] / "lock"):
        running.site.renew()
        left = {each.name for each in temporary.iterdir()}
        assert len(left) == 3 and {folders[1].name, foreign.name} < left
    (folders[1] / "1").rmdir()
    folders[1].rmdir()
    foreign.rmdir()


def test_it_is_for_this_user_alone(start, temporary):
    running = start(CONV)
    running.site.renew()
    (root,) = temporary.iterdir()
    assert Path(root).stat().st_mode & 0o077 == 0 or os.name != "posix"
