"""Changes to a copied artifact: of its manifest, its files, its graphs."""

import hashlib
import json

import numpy as np
import onnx
from onnx import numpy_helper


def change_manifest(folder, change, restate=True):
    """Changes manifest.json, and restates its digest unless that is to betray the change.

    Args:
        folder: the artifact's.
        change: gets the manifest, a dict, and alters it.
        restate: whether the manifest states the digest of what it then says.
    """
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    if restate:
        manifest["manifest_sha256"] = digest(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def digest(manifest):
    """sha256 of a manifest without its own digest, as `zoo.artifact.checksums` documents it."""
    rest = {name: value for name, value in manifest.items() if name != "manifest_sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def restate(folder):
    """Makes the manifest state the files as they are now, so that no digest betrays a change."""
    files = {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    change_manifest(folder, lambda manifest: manifest.update(files=files))


def edit_graph(folder, name, change):
    """Changes an ONNX graph and restates its digest."""
    path = folder / "onnx" / f"{name}.onnx"
    model = onnx.load(path)
    change(model.graph)
    onnx.save(model, path)
    restate(folder)


def rename_output(graph):
    """Of decode.onnx: `x_mean` becomes `image`."""
    for node in graph.node:
        node.output[:] = ["image" if name == "x_mean" else name for name in node.output]
    graph.output[0].name = "image"


def add_to_one_weight(folder, trained, amount):
    """Changes one bias of the decoder's last layer in decode.onnx: one pixel in four answers."""
    bias = np.asarray(trained.model.decoder.get_layer("output").bias)

    def change(graph):
        (found,) = [
            each
            for each in graph.initializer
            if np.array_equal(numpy_helper.to_array(each).ravel(), bias)
        ]
        values = numpy_helper.to_array(found).copy()
        values.flat[0] += np.float32(amount)
        found.CopyFrom(numpy_helper.from_array(values, found.name))

    edit_graph(folder, "decode", change)


def swap(folder, first, second):
    """Two files change places."""
    paths = folder / first, folder / second
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, reversed(contents), strict=True):
        path.write_bytes(content)


def flip_one_bit(path):
    """Of the byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
