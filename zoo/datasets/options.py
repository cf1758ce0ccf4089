"""What every loader may be told: the options of `zoo.datasets.load`."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from zoo.datasets import tabular
from zoo.datasets.base import HoldOut, ImageShape
from zoo.datasets.series import Cut
from zoo.datasets.strings.told import Told
from zoo.errors import DatasetError

KINDS = ("auto", "series", "counts", "vector")


@dataclass(frozen=True)
class Options:
    """How data is read and parted; each is said in the words of `zoo.datasets.load`.

    Raises:
        DatasetError: for one that is out of range.
    """

    seed: int = 0
    image_shape: ImageShape | None = None
    test_share: float = 0.2
    test_split: Literal["random", "last"] = "random"
    memory_share: float = 0.25
    cache_dir: str | os.PathLike[str] | None = None
    skip_corrupt: bool = False
    columns: str | os.PathLike[str] | None = None
    label: str | None = None
    unseen: Literal["refuse", "other"] = "refuse"
    kind: Literal["auto", "series", "counts", "vector"] = "auto"
    time: str | None = None
    entity: str | None = None
    window: int | None = None
    stride: int | None = None
    steps: int | None = None
    tokenizer: Literal["auto", "smiles", "selfies", "characters"] = "auto"
    column: str | None = None

    def __post_init__(self) -> None:
        tabular.require_options(self.seed, self.test_share, self.test_split, self.memory_share)
        tabular.require_unseen(self.unseen)
        object.__setattr__(self, "image_shape", _checked(self.image_shape))
        assert self.told  # refuses another tokenizer
        if self.kind not in KINDS:
            raise DatasetError(f"kind={self.kind!r}; wanted: one of {', '.join(KINDS)}.")

    @cached_property
    def hold_out(self) -> HoldOut:
        """Which examples are for testing, where the data does not say."""
        return HoldOut(self.test_share, self.seed, last=self.test_split == "last")

    @cached_property
    def cut(self) -> Cut:
        """How long series become windows."""
        return Cut(self.time, self.entity, self.window, self.stride)

    @cached_property
    def told(self) -> Told:
        """How strings are read."""
        return Told(self.tokenizer, self.column, self.steps, self.cache_dir)

    @property
    def reads_strings(self) -> bool:
        """Whether it was said how to read strings."""
        return self.tokenizer != "auto" or self.column is not None

    @property
    def reads_numbers(self) -> bool:
        """Whether it was said how to read a file of numbers."""
        return self.kind != "auto" or self.cut.is_asked_for


def _checked(image_shape: ImageShape | None) -> ImageShape | None:
    if image_shape is None:
        return None
    try:
        sides = tuple(int(side) for side in image_shape)
        valid = len(sides) in (2, 3) and min(sides[:2]) > 0 and sides[2:] in ((), (1,), (3,))
        valid = valid and sides == tuple(image_shape)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise DatasetError(
            f"image_shape={image_shape!r}; wanted: (height, width) or (height, width, channels), "
            "positive integers with 1 or 3 channels, as (32, 32, 3)."
        )
    return cast(ImageShape, sides)
