"""`--from`: the model of an artifact that is trained on, and whether data and options fit it."""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras

from zoo.artifact import checksums, layout, search_path
from zoo.artifact import manifest as manifests
from zoo.artifact.reading import Reader
from zoo.artifact.schema import Schema
from zoo.datasets.base import Reason
from zoo.errors import InputError
from zoo.export.keras import load
from zoo.recipe import choices as data_choices
from zoo.recipe import options


@dataclass(frozen=True)
class Earlier:
    """An artifact to train on from.

    Args:
        manifest: the artifact's.
        model: of its model.keras, whose bytes are those that the manifest states.
        changed: names of the options that say how it is trained which are not as they were.
    """

    manifest: dict
    model: keras.Model
    changed: tuple[str, ...] = ()

    @property
    def origin(self):
        """What a manifest says of what a model was tuned from: its name and its digests."""
        return {
            "name": self.manifest["name"],
            checksums.MANIFEST_KEY: self.manifest[checksums.MANIFEST_KEY],
            "model_sha256": self.manifest["files"][layout.KERAS]["sha256"],
        }

    @property
    def schema(self):
        """What an example was."""
        return Schema.from_json(self.manifest["schema"])

    def options(self, config):
        """{name: value} of the options that are settled, as far as the artifact states them."""
        stated = self.manifest["recipe"]["config"]
        settled = [*of_model(config), *of_objective(config), *_shares(config)]
        kept = [name for name in settled if name not in self.changed]
        return {name: stated[name] for name in kept if name in stated}


def open_artifact(artifact):
    """An `Earlier` of an artifact's folder or name.

    Raises:
        ArtifactError: if it is missing, incomplete or changed.
        ExportError: if its model cannot be read.
    """
    folder = search_path.find(artifact)
    manifest = manifests.read(folder)
    with tempfile.TemporaryDirectory(prefix="zoo-from-") as copied:
        path = Path(copied) / layout.KERAS
        Reader(folder, manifest).copy(layout.KERAS, path)  # what was hashed is what is read
        return Earlier(manifest, load(path))


def origin(artifact):
    """`Earlier.origin` of an artifact's folder or name, whose model is not read."""
    return Earlier(manifests.read(search_path.find(artifact)), None).origin


def of_model(config):
    """Names of the options that make the model, which an artifact has settled."""
    free = {field.name for field in dataclasses.fields(options.Config)}
    free |= options.of_objective() | {*options.SHARES}
    return [field.name for field in dataclasses.fields(config) if field.name not in free]


def of_objective(config):
    """Names of the options that make the objective, which an artifact's model may change."""
    names = options.of_objective()
    return [field.name for field in dataclasses.fields(config) if field.name in names]


def _shares(config):
    """Names of those of `options.SHARES` that the config has."""
    return [name for name in options.SHARES if hasattr(config, name)]


def _given(config, names):
    """Those of the names that have another value than unless given."""
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    return [each for each in names if getattr(config, each) != defaults[each]]


def require_options(earlier, name, config):
    """Refuses a recipe of another model, and options of a model that is there already.

    Args:
        name: of the recipe's model.

    Raises:
        InputError: with what is wanted.
    """
    shown, holds = earlier.manifest["name"], earlier.model.name
    if holds != name:
        raise InputError(
            f"{shown} holds a {holds}, and this recipe trains a {name}. Take the recipe of "
            f"{holds}; a model of none is trained on from Python: zoo.fit, docs/library.md."
        )
    given = _given(config, of_model(config))
    likelihood = earlier.model.likelihood.family.replace(" ", "_")
    if config.likelihood == likelihood:
        given.remove("likelihood")
    if given:
        named = ", ".join("--" + each.replace("_", "-") for each in given)
        raise InputError(
            f"{named}: of the model, and --from trains on the one that {shown} holds, which has "
            "them settled. Leave them out, or train a new model without --from."
        )


def require_data(earlier, data):
    """Refuses data whose examples are not what the model's were.

    Raises:
        InputError: with what was given and what is wanted.
    """
    schema, was, shown = data.schema, earlier.schema, earlier.manifest["name"]
    if (schema.kind, schema.shape) != (was.kind, was.shape):
        remedy = "Give data of that shape"
        if schema.kind == was.kind == "image":
            sides = " ".join(map(str, was.shape))
            remedy = f"Images of a folder or by name are made so by --image-shape {sides}"
        raise InputError(
            f"{data.name} has {schema.kind}s of shape {list(schema.shape)}; {shown} was trained on "
            f"{was.kind}s of shape {list(was.shape)}. {remedy}."
        )
    if schema.range != was.range:
        raise InputError(
            f"{data.name} has values in {list(schema.range)}; {shown} was trained on values in "
            f"{list(was.range)}. Rescale the data."
        )
    if schema.missing > was.missing:
        raise InputError(
            f"{data.name} lacks some of its values; {shown} was trained on data that lacked none, "
            "and knows no missing ones. Fill them, or train a new model without --from."
        )
    if "label" in earlier.model.conditions and was.classes and schema.classes != was.classes:
        raise InputError(
            f"{data.name} has the classes {_named(schema.classes)}; {shown} knows "
            f"{_named(was.classes)}: a label would mean something else. Give data of the same "
            "classes."
        )


def with_objective(earlier, config, data):
    """The `Earlier` that is trained: with the objective of the options, where one of them is given.

    And with the shares of a batch that are given.

    Raises:
        InputError: if the options make none, or the model's latents lack what it asks for.
    """
    changed = _given(config, _shares(config))
    shares = {name: getattr(config, name) for name in changed}
    objective = None
    if _given(config, of_objective(config)):
        changed += of_objective(config)
        if isinstance(config, options.GroupObjective):
            objective = data_choices.group_objective(config, data)["objective"]
        else:
            objective = data_choices.objective(config, data).get("objective")
            objective = objective or options.objective(config)
    if not changed:
        return earlier
    objective = objective or earlier.model.objective
    model = earlier.model.with_objective(objective, **shares)
    return dataclasses.replace(earlier, model=model, changed=tuple(changed))


def choices(earlier, config, data):
    """The `Reason`s of likelihood and binarization: those of the artifact, unless asked otherwise.

    Zeros and ones are not binarized again.
    """
    why = f"as {earlier.manifest['name']} was trained"
    likelihood = Reason("likelihood", earlier.model.likelihood.family.replace(" ", "_"), why)
    binarization = Reason("binarization", earlier.manifest["protocol"]["binarization"], why)
    if config.binarization != "auto":
        binarization = Reason("binarization", config.binarization, "as asked")
    elif data.schema.is_binary:
        binarization = Reason("binarization", "none", "the values are 0 and 1 already")
    return likelihood, binarization


def _named(classes, most=5):
    more = ", ..." if len(classes) > most else ""
    return (", ".join(classes[:most]) + more) or "of numbers alone"
