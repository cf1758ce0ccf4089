"""Changes to a copied artifact: of its manifest, its files, its graphs."""

import hashlib
import json

import onnx


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
    """sha256 of a manifest without its own digest, in the form that `zoo.digests` documents."""
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
