"""model.keras: the trained model itself, to train on or to take apart."""

import contextlib
import importlib
import re
import zipfile

import keras
from keras import ops

from zoo.artifact import layout
from zoo.errors import ExportError
from zoo.export.formats import Format, Opened


class Keras(Format):
    """The file that the other formats are made from; it is in the stage already."""

    name = "keras"

    def write(self, source, endpoints):
        return {}

    def open(self, stage):
        return OpenedKeras(stage)


class OpenedKeras(Opened):
    """A model read back from its file."""

    def __init__(self, stage):
        self.model = load(stage / layout.KERAS)
        self.contract = self.model.endpoints()

    def run(self, name, inputs):
        return answers(self.model, name, inputs)

    def require(self, endpoint):
        found = self.contract.get(endpoint.name)
        if found != endpoint:
            raise ExportError(
                f"{layout.KERAS}: its `{endpoint.name}` is {found}, the trained model's {endpoint}."
            )


def answers(model, endpoint, inputs):
    """{input: array}, in the endpoint's order -> {output: array} of a Keras model."""
    answer = getattr(model, endpoint)(*inputs.values())
    return {name: ops.convert_to_numpy(value) for name, value in answer.items()}


def load(path):
    """The model of a .keras file, in safe mode.

    Raises:
        ExportError: if its classes cannot be found, or it cannot be read.
    """
    named = _modules(path)
    for module in named - {"__main__"}:
        with contextlib.suppress(ImportError):  # reading the file will say what is missing
            importlib.import_module(module)
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (TypeError, ValueError, ImportError, AttributeError) as error:
        advice = "Register its classes with keras.saving.register_keras_serializable."
        if "__main__" in named:
            advice = (
                "Some of its classes are defined in the script that runs, which nobody who loads "
                "the model can import: move them into a module of their own."
            )
        raise ExportError(f"{path.name} cannot be read back: {error}\n{advice}") from error


def _modules(path):
    """Modules whose classes a .keras file names: another process knows none of them."""
    with zipfile.ZipFile(path) as file:
        return set(re.findall(r'"module": "([\w.]+)"', file.read("config.json").decode()))
