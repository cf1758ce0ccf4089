"""What a format is. Each is a file of this room, listed in `zoo.export.proof.FORMATS`."""

from abc import ABC, abstractmethod

from zoo.artifact.endpoints import TOLERANCES


class Format(ABC):
    """One format of an artifact: how it is written, how it is opened again, how equal it must be.

    `name` is what the comparisons call it. Where `required`, one that is not equal to the model is
    an error; elsewhere the endpoint is left out, with the reason.
    """

    name: str
    tolerances: dict = TOLERANCES
    required: bool = True

    @abstractmethod
    def write(self, source, endpoints):
        """Writes some endpoints of a `Source` into its stage, over what this wrote before.

        Returns:
            {endpoint: sentence} of those that this format cannot hold and is not required to.

        Raises:
            ExportError: if a required one cannot be written.
        """

    @abstractmethod
    def open(self, stage):
        """An `Opened` of what lies in an artifact's folder, read from disk as an app would."""


class Opened(ABC):
    """A format of an artifact, open."""

    @abstractmethod
    def run(self, name, inputs):
        """An endpoint's {input: array} -> {output: array}."""

    @abstractmethod
    def require(self, endpoint):
        """Raises an `ExportError` unless names, dtypes and axes are the contract's."""
