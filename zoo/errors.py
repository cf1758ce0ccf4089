"""Errors a person can act on: what was given, what is wanted, what to do. Standard library only.

Every error that the zoo raises on purpose is a `ZooError`; recipes and the command line print it
without a traceback. Each also derives from the builtin a caller would expect to catch.
"""


class ZooError(Exception):
    """Base of every error that the zoo raises on purpose."""


class InputError(ZooError, ValueError):
    """An argument, option or array that does not fit."""


class DatasetError(ZooError, ValueError):
    """Data that is unknown, absent, unreadable or outside its stated range."""


class TrainingError(ZooError, RuntimeError):
    """Training that cannot start, continue or resume."""


class ExportError(ZooError, RuntimeError):
    """A model that could not be exported, or whose export is not equal to it."""


class ArtifactError(ZooError, RuntimeError):
    """An artifact that is missing, incomplete, changed or too new."""


class MissingDependency(ZooError, ImportError):
    """A library that this step needs is not installed."""


class NotExported(MissingDependency):
    """A run that is trained and evaluated, and kept, where no artifact can be made."""


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop. Its text says what is kept and how to go on.

    Args:
        sentence: for a person.
        number: of the signal; Ctrl-C is 2.
    """

    def __init__(self, sentence, number=2):
        super().__init__(sentence)
        self.number = number
