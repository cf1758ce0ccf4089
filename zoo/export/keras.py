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
    answer = model.ask(endpoint, inputs)
    return {name: ops.convert_to_numpy(value) for name, value in answer.items()}


def load(path):
    """The model of a .keras file, in safe mode.

    Raises:
        ExportError: if its classes cannot be found, or it cannot be read.
    """
    config = _config(path)
    for module in set(re.findall(r'"module": "([\w.]+)"', config)):  # nobody has imported them
        with contextlib.suppress(ImportError):  # reading the file will say what is missing
            importlib.import_module(module)
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (TypeError, ValueError, ImportError, AttributeError) as error:
        advice = "Register its classes with keras.saving.register_keras_serializable."
        homeless = sorted(set(re.findall(r'"module": null, "class_name": "(\w+)"', config)))
        if homeless:  # so Keras writes what is of the module __main__
            advice = (
                f"{', '.join(homeless)}: defined in the script that runs, which nobody who loads "
                "the model can import. Move what it is into a module of its own."
            )
        raise ExportError(f"{path.name} cannot be read back: {error}\n{advice}") from error


def _config(path):
    """The text that says what a .keras file is made of: modules, classes and their arguments."""
    with zipfile.ZipFile(path) as file:
        return file.read("config.json").decode()
