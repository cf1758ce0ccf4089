"""Tampered artifacts: none may end, hang or fill the process, answer wrongly, or raise a raw error.

Run:       python benchmarks/fuzz_artifacts.py exports/dense_vae-mnist --count 20000
Prints:    each case that is not as wanted, and at the end the counts of all outcomes

A case copies the artifact (as links to one copy), changes something, loads it, calls some or all
of its endpoints, verifies it (one in ten with a replay, which takes the time), prints what `zoo
list` and `zoo info` say of it, and deploys one in twenty. Changes are: bits that
flip, files that are cut, grow, are empty, swapped, missing, or in their place a pipe, a folder, a
socket, a link to a device, to nothing or to itself, a file of a terabyte without content; other
names, with escape sequences or of bytes that are no text; manifests with hostile values, keys that
are there twice, numbers that are none, brackets without end. Where only the bytes of the export
may answer, the digests stay as they were; a part of the cases restates them, so that what lies
behind the digests is tried, too: but for graphs, since ONNX Runtime runs what it is given.

An answer of an artifact whose digests were not restated must have the bits of the untouched one,
and `verify` must find what was changed.
"""

import contextlib
import copy
import hashlib
import io
import json
import os
import random
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import fuzzing

HOSTILE = [
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.5, -1e308, "", "batch", "float64"),
    *(
        "\x1b[2J\x1b]0;title\x07",
        "a\nVerified: all",
        "\u202egnp.exe",
        "../../etc/passwd",
        "/dev/zero",
    ),
    *("a" * 10_000, "\x00", [], {}, [[]], [None], {"": None}, {"name": "x"}, ["batch", 2**40]),
    *("__class__", "class", "folder", "x y", [1] * 1000, {str(k): k for k in range(1000)}),
]
RAW = [
    lambda text, random: text.replace("{", '{"name": 1, "name": 2,', 1),
    lambda text, random: text.replace("{", '{"a": NaN,', 1),
    lambda text, random: text.replace("{", '{"a": -Infinity,', 1),
    lambda text, random: text.replace("{", '{"a": 1e999,', 1),
    lambda text, random: text.replace("{", '{"a": ' + "9" * 5000 + ",", 1),
    lambda text, random: text.replace("{", '{"a": ' + "[" * 900 + "]" * 900 + ",", 1),
    lambda text, random: "[" * random.choice((10, 1000, 100_000)),
    lambda text, random: text.replace("{", '{"a": "\\ud800",', 1),
    lambda text, random: text[: random.randrange(len(text))],
    lambda text, random: text + text,
    lambda text, random: "",
    lambda text, random: "\ufeff" + text,
]


class Campaign:
    """Cases of one artifact; everything it writes lies in a folder that goes with the process."""

    def __init__(self, given):
        import zoo
        from zoo.command_line import main
        from zoo.errors import ZooError
        from zoo.runtime import verify

        self.seed, self.errors, self.load, self.main = given.seed, ZooError, zoo.load, main
        self.audit = verify.audit
        self.room = Path(tempfile.mkdtemp(prefix="fuzz-artifacts-"))
        self.source = self.room / "source"
        shutil.copytree(given.artifact, self.source)
        self.files = sorted(
            path.relative_to(self.source).as_posix()
            for path in self.source.rglob("*")
            if path.is_file()
        )
        self.expected = self.answers(self.source)

    def __call__(self, number):
        """The outcome of one case, and a sentence."""
        dice = random.Random(f"{self.seed}-{number}")
        target = self.room / f"case-{number}"
        try:
            for name in self.files:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                os.link(self.source / name, target / name)
            what, restated = self.tamper(target, dice)
            return self.judge(target, what, restated, dice)
        finally:
            shutil.rmtree(target, ignore_errors=True)
            shutil.rmtree(f"{target}-deployed", ignore_errors=True)

    def answers(self, folder, dice=None):
        """{endpoint: bytes of its answers} of those that answer; a ZooError where it is refused.

        With `dice`, mostly of two endpoints only: to open a graph is what takes the time.
        """
        vae, found = self.load(folder, threads=1), {}
        names = list(vae.endpoints)
        if dice is not None and dice.random() < 0.8:
            names = dice.sample(names, min(2, len(names)))
        for name in names:
            endpoint = vae.endpoints[name]
            try:
                given = {t.name: _given(t) for t in endpoint.inputs}
                answer = getattr(vae, name)(**given)
                found[name] = b"".join(value.tobytes() for value in answer)
                getattr(vae, name)(**{t.name: [] for t in endpoint.inputs})
            except self.errors:
                continue
        return found

    def judge(self, target, what, restated, dice):
        """What an artifact that was changed does to those who use it."""
        outcome = "refused"
        try:
            found = self.answers(target, dice)
            outcome = "answered" if found else "refused"
            wrong = [name for name in found if found[name] != self.expected.get(name)]
            if wrong and not restated:
                return "answered wrongly", f"{', '.join(wrong)} after {what}"
        except self.errors as error:
            str(error)
        try:
            replayed = ("onnx",) if dice.random() < 0.1 else ()
            if self.audit(target, replayed).ok and not restated:
                return "passed", what
        except self.errors:
            pass
        out = f"{target}-deployed"
        commands = [["info", str(target)], ["list", str(target)]]
        if dice.random() < 0.05:
            commands.append(["verify", str(target)])
        if dice.random() < 0.05:
            server = dice.choice(("triton", "tf-serving"))
            commands.append(["deploy", server, str(target), "--out", out])
        for command in commands:
            said, complained = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
                self.main(command)
            for text in (said.getvalue(), complained.getvalue()):
                bad = [c for c in text if not c.isprintable() and c != "\n"]
                if bad or "Traceback" in text or "\nVerified: all" in text:
                    return "printed", f"{command[0]} {bad[:3]} after {what}"
        return outcome, what

    def tamper(self, target, dice):
        """Changes something; (what, whether the digests were restated)."""
        name = dice.choice([*self.files, *["manifest.json"] * len(self.files)])
        if name == "manifest.json":
            return self.tamper_manifest(target, dice)
        path = target / name
        content = bytearray(path.read_bytes())
        path.unlink()
        what = dice.choice(_FILES)
        what(path, content, dice, target)
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**24:
            if path.read_bytes() == (self.source / name).read_bytes():
                path.write_bytes(content + b"!")  # what changed nothing
        restated = name.endswith((".npz", ".bin")) and dice.random() < 0.5
        if restated and path.is_file() and path.stat().st_size < 2**24:
            stated = json.loads((self.source / "manifest.json").read_text(encoding="utf-8"))
            data = path.read_bytes()
            stated["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            _write_manifest(target, stated)
        return f"{what.__name__.strip('_')} of {name}", restated

    def tamper_manifest(self, target, dice):
        path = target / "manifest.json"
        text = path.read_text(encoding="utf-8")
        path.unlink()
        kind = dice.random()
        if kind < 0.1:
            what = dice.choice(_FILES)
            what(path, bytearray(text.encode()), dice, target)
            return f"{what.__name__.strip('_')} of manifest.json", True
        if kind < 0.25:
            change = dice.randrange(len(RAW))
            path.write_text(RAW[change](text, dice), encoding="utf-8")
            return f"raw change {change} of manifest.json", True
        stated, places = json.loads(text), []
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            places.append(_change(stated, dice))
        if dice.random() < 0.2:
            path.write_text(json.dumps(stated), encoding="utf-8")
            return f"unstated changes at {places}", stated == json.loads(text)
        _write_manifest(target, stated)
        return f"restated changes at {places}", True


def _given(tensor):
    import numpy as np

    shape = [2, *tensor.shape[1:]]
    if tensor.dtype == "float32":
        return np.full(shape, 0.25, np.float32)
    return np.arange(2 if len(shape) == 1 else shape[0] * shape[1]).reshape(shape) % (
        tensor.below or 7
    )


def _change(stated, dice):
    """Replaces, removes or adds one value somewhere in a manifest; where."""
    place, value = [], stated
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return place
        key = dice.choice(keys)
        place.append(key)
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or dice.random() < 0.3:
            break
        value = inner
    if dice.random() < 0.15:
        del value[key]
    elif isinstance(value, dict) and dice.random() < 0.15:
        value[str(dice.choice(HOSTILE))] = value.pop(key)
    else:
        value[key] = copy.deepcopy(dice.choice(HOSTILE))
    return place


def _write_manifest(target, stated):
    stated.pop("manifest_sha256", None)
    canonical = json.dumps(stated, sort_keys=True, separators=(",", ":"))
    stated["manifest_sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    path = target / "manifest.json"
    path.unlink(missing_ok=True)  # a link to the one that all cases share
    path.write_text(json.dumps(stated), encoding="utf-8")


def _flip(path, content, dice, target):
    for _ in range(dice.choice((1, 1, 1, 8, 64))):
        if content:
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


def _cut(path, content, dice, target):
    path.write_bytes(content[: dice.randrange(len(content) + 1)])


def _grow(path, content, dice, target):
    path.write_bytes(bytes(content) + dice.randbytes(dice.choice((1, 100, 100_000))))


def _empty(path, content, dice, target):
    path.write_bytes(b"")


def _zeros(path, content, dice, target):
    start = dice.randrange(len(content) + 1)
    end = min(len(content), start + dice.choice((1, 64, 4096)))
    content[start:end] = bytes(end - start)
    path.write_bytes(content)


def _noise(path, content, dice, target):
    path.write_bytes(dice.randbytes(len(content)))


def _swap(path, content, dice, target):
    files = [p for p in target.rglob("*") if p.is_file() and not p.is_symlink() and p != path]
    other = dice.choice(files)
    found = other.read_bytes()
    other.unlink()
    other.write_bytes(content)
    path.write_bytes(found)


def _remove(path, content, dice, target):
    pass


def _pipe(path, content, dice, target):
    os.mkfifo(path)


def _folder(path, content, dice, target):
    path.mkdir()


def _device(path, content, dice, target):
    path.symlink_to(dice.choice(("/dev/zero", "/dev/random", "/dev/full", "/dev/tty", "/dev/null")))


def _dangling(path, content, dice, target):
    path.symlink_to(dice.choice(("nowhere", path.name, "a" * 200)))


def _socket(path, content, dice, target):
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def _huge(path, content, dice, target):
    path.write_bytes(content[:1000])
    os.truncate(path, dice.choice((3 * 2**30, 2**40)))  # takes no space


def _names(path, content, dice, target):
    path.write_bytes(content)
    name = dice.choice(
        (b"\x1b[2Jx", b"\xff\xfe", b"a\nVerified: all", b"x" * 255, "\u202ex".encode())
    )
    with open(os.path.join(os.fsencode(path.parent), name), "wb"):
        pass


_FILES = [_flip, _flip, _flip, _cut, _grow, _empty, _zeros, _noise, _swap, _remove, _pipe, _folder]
_FILES += [_device, _dangling, _socket, _huge, _names]


def main():
    """Runs the campaign."""
    given = fuzzing.parser(__doc__.splitlines()[0], count=20_000).parse_args()
    return fuzzing.run(given, Campaign)


if __name__ == "__main__":
    sys.exit(main())
