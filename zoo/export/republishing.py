"""`republish`: an artifact written anew from its own model, in the formats and schema of today.

What is known of the model is kept: its metrics, protocol, data, recipe, training and figures. Its
formats are made and proven again from model.keras, after this has answered the artifact's own test
data as the trained model did. No data set is needed.
"""

import re
import shutil
from pathlib import Path

from zoo.artifact import layout, search_path
from zoo.artifact import manifest as manifests
from zoo.artifact.reading import Reader
from zoo.artifact.schema import IMAGE, SEQUENCE, VECTOR, Schema
from zoo.errors import ArtifactError
from zoo.export import card, earlier, manifest, test_data
from zoo.export.processes import maker
from zoo.export.published import Published
from zoo.export.staging import staged

KEPT = ("name", "created", "licence", "data", "recipe", "metrics", "protocol", "training")
"""Of the earlier manifest, as it is."""

READ = ("conditions", "event_shape", "files", "versions")
"""What is wanted of it besides."""


NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""What an artifact may be called; its folder is."""


def republish(artifact, out=None, replace=False, float16=True):
    """Writes an artifact anew, in the schema of this package, from an earlier one's model.

    Args:
        artifact: its folder, or its name as `zoo.load` takes it; of this schema or an older one.
        out: the folder that gets the new one, under the same name; None puts it in place of the
            earlier one, which wants `replace`.
        replace: whether an artifact that is there may be replaced, once the new one is proven.
        float16: whether graphs in float16 are wanted.

    Returns:
        A `Published`.

    Raises:
        ArtifactError: if the earlier artifact is missing, incomplete or changed.
        ExportError: if the target is taken or cannot be written, if model.keras does not answer as
            the artifact's test data says, or if an export is not equal to it.
    """
    folder = search_path.find(artifact).resolve()
    before = _manifest(folder)
    files = _checked(folder, before)
    target = (folder.parent if out is None else Path(out)) / before["name"]
    with staged(target, replace) as stage, maker() as make:
        for name in files:
            if name == layout.KERAS or name == layout.HISTORY or _is_in(name, layout.FIGURES):
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, stage / name)
        names = [tensor.name for tensor in manifests.endpoints(before)["encode"].inputs]
        test_data.write_inputs(stage, earlier.inputs(folder, names))
        answer = make(stage=str(stage), contract=None, earlier=str(folder), float16=float16)
        facts = _facts(folder, before, answer)
        card.write(stage, facts)
        manifest.write(stage, facts)
    return Published.from_answer(target, answer)


def _manifest(folder):
    """The manifest of an artifact of this schema or an older one, as it was exported."""
    found, path = manifests.read(folder, oldest=1), folder / layout.MANIFEST
    missing = [key for key in (*KEPT, *READ) if key not in found]
    if missing:
        raise ArtifactError(f"{path} states no {', '.join(missing)}.")
    if not isinstance(found["name"], str) or not NAME.fullmatch(found["name"]):
        raise ArtifactError(f"{path}: its name is {found['name']!r}, wanted is a folder's.")
    if not isinstance(found["files"], dict) or not isinstance(found["conditions"], dict):
        raise ArtifactError(f"{path}: its files are no object, or its conditions are none.")
    return found


def _checked(folder, before):
    """Names of the artifact's files, once their bytes are those that its manifest states."""
    reader = Reader(folder, before)
    for name in before["files"]:
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise ArtifactError(f"{folder / layout.MANIFEST} lists {name!r}, outside the folder.")
        problem = reader.problem(name)
        if problem:
            raise ArtifactError(f"{folder / name} {problem}. Fetch the artifact anew.")
    return before["files"]


def _facts(folder, before, answer):
    """The new manifest, without the files' digests."""
    kept = {key: before[key] for key in KEPT}
    text = (folder / layout.CARD).read_text(encoding="utf-8")
    recipe = kept["recipe"]
    command = recipe["command"] if "command" in recipe else _command(text, folder)
    kept["recipe"] = kept["recipe"] | {"command": command}
    kept["training"] = {"versions": before["versions"]} | kept["training"]
    kept["data"] = {name: value for name, value in kept["data"].items() if name != "range"}
    schema = before.get("schema") or _schema(before).to_json()
    return (
        manifest.made(answer)
        | kept
        | {
            "schema": schema,
            "warnings": before.get("warnings", []),
            "republished": manifest.now(),
        }
    )


def _schema(before):
    """What an example was in schema 1, whose kinds of data were told apart by their axes."""
    shape, data = tuple(before["event_shape"]), before["data"]
    kind = SEQUENCE if "length" in before["conditions"] else None
    kind = kind or {1: VECTOR, 2: SEQUENCE, 3: IMAGE}[len(shape)]
    low, high = data["range"]
    picture = kind == IMAGE and (low, high) == (0.0, 1.0)
    eight_bits = picture and "TensorFlow Datasets" in data["source"]
    return Schema(
        kind,
        shape,
        low,
        high,
        spacing=1 / 255 if eight_bits else None,
        uint8=picture,
        lengths="length" in before["conditions"],
        classes=tuple(str(i) for i in range(before["conditions"].get("label", 0))),
    )


def _command(text, folder):
    """The command that a card of schema 1 shows, with flags as the command line takes them."""
    found = re.search(r"^## Training\n\n```\n(.+)\n```$", text, re.MULTILINE)
    if not found:
        raise ArtifactError(f"{folder / layout.CARD} shows no command below its heading Training.")
    command = re.sub(r"--(\S+) False\b", r"--no-\1", found[1])
    return re.sub(r"--(\S+) True\b", r"--\1", command)


def _is_in(name, place):
    return name.startswith(f"{place}/")
