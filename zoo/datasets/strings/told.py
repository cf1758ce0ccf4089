"""How strings are read: what a user may say of it."""

import os
from dataclasses import dataclass

from zoo.artifact import tokens
from zoo.errors import DatasetError

AUTO = "auto"
TOKENIZERS = (AUTO, *tokens.TOKENIZERS)


@dataclass(frozen=True)
class Told:
    """How strings are read.

    Args:
        tokenizer: one of `TOKENIZERS`; "auto" is "smiles" of a .smi, of a column with that in its
            name and of molecules by name, "selfies" of a column with that in its name, and
            "characters" of anything else. "selfies" takes SELFIES, and makes them of SMILES.
        column: of a .csv or .tsv; of a dataset of TensorFlow Datasets the text.
        steps: tokens of the longest string that is kept; None is by `kept.steps_of`.
        cache_dir: where what is left out is listed.
    """

    tokenizer: str = AUTO
    column: str | None = None
    steps: int | None = None
    cache_dir: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if self.tokenizer not in TOKENIZERS:
            raise DatasetError(
                f"tokenizer={self.tokenizer!r:.60}; wanted: one of {', '.join(TOKENIZERS)}."
            )
        if self.steps is not None and self.steps < 1:
            raise DatasetError(f"steps={self.steps}: wanted is a whole number, 1 or more.")
