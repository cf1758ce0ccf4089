"""How the values of a dataset become zeros and ones, drawn from seeds alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets import fingerprint
from zoo.datasets.base import BaseDataset, Dataset, Indices, Split
from zoo.datasets.windows import Windows
from zoo.errors import DatasetError

if TYPE_CHECKING:
    from zoo.datasets.batches import EvaluationBatches, TrainingBatches

BINARIZATIONS = ("dynamic", "static", "none")
CONDITIONS = {
    "label": "an .npz with y (or y_train and y_test), a folder with one folder a class, or a "
    "dataset of TensorFlow Datasets with labels",
    "length": "an .npz with length (or length_train and length_test)",
    "properties": "zoo.datasets.with_properties, or of molecules --properties",
}
_CUT, _TRAIN, _TEST = range(2, 5)  # streams that must not meet, nor `batches`'s


def binarize(data: Dataset, binarization: str, seed: int = 0) -> "BinarizedDataset":
    """A dataset whose splits give a model what it sees of them: binarized, and in batches.

    Args:
        data: a `Dataset`.
        binarization: "dynamic" draws a training image anew at each visit and everything that is
            evaluated once; "static" draws everything once; "none" keeps the values.
        seed: of what is drawn once.
    """
    if binarization not in BINARIZATIONS:
        raise DatasetError(
            f"binarization {binarization!r} is unknown; there are {', '.join(BINARIZATIONS)}."
        )
    return BinarizedDataset(
        name=data.name,
        train=BinarizedSplit(data.train, data.schema, binarization, seed, _TRAIN),
        test=BinarizedSplit(data.test, data.schema, binarization, seed, _TEST),
        schema=data.schema,
        source=data.source,
        licence=data.licence,
        test_split=data.test_split,
        notes=data.notes,
        properties=data.properties,
        binarization=binarization,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class BinarizedSplit:
    """A split and how its values become what a model sees."""

    split: Split
    schema: Schema
    binarization: str
    seed: int
    stream: int

    def __len__(self) -> int:
        return len(self.split)

    @property
    def labels(self) -> np.ndarray | None:
        """int64 [n], or None."""
        return self.split.labels

    @property
    def lengths(self) -> np.ndarray | None:
        """int64 [n], or None."""
        return self.split.lengths

    def condition(self, name: str) -> np.ndarray:
        """int32 [n]: what a conditional model takes besides x, `label` or `length`.

        `properties`, which a model with a head is trained with, are float32 [n, properties].

        Raises:
            DatasetError: if this data has none, or one that is no int32.
        """
        found = self.split
        given = {"label": found.labels, "length": found.lengths, "properties": found.properties}
        values = given.get(name)
        if values is None:
            raise DatasetError(
                f"This data has no {name}, which a model conditional on it takes beside each "
                f"example. Give {CONDITIONS.get(name, 'data that has it')}, or take another model."
            )
        if name == "properties":
            return values
        values, bounds = np.asarray(values), np.iinfo(np.int32)
        outside = (values < bounds.min) | (values > bounds.max)
        if outside.any():
            raise DatasetError(
                f"The {name} {values[outside][0]} does not fit an int32, as which a model takes "
                f"it: number them from 0."
            )
        return values.astype(np.int32)

    def inputs(self, indices: Indices, conditions: Sequence[str] = ()) -> tuple[np.ndarray, ...]:
        """What a model takes for these examples: (x, *conditions), see `examples`."""
        return self.examples(indices), *(self.condition(name)[indices] for name in conditions)

    def examples(self, indices: Indices) -> np.ndarray:
        """What a model is evaluated on: float32 [k, *event], the same at every call.

        Binarized values are drawn once: the draw for an example depends on its position in the
        training or test set, on which of the two it is of and on the seed. So it is one draw in
        whatever batch, subset or part of a `cut` the example is met.
        """
        values = self.split.batch(indices)
        if self.binarization == "none":
            return values
        uniform = np.empty(values.shape, np.float32)
        for row, position in enumerate(self.split.positions_of(indices)):
            source = np.random.Philox(key=[self.seed, self.stream], counter=[0, 0, 0, position])
            uniform[row] = np.random.Generator(source).random(values.shape[1:], dtype=np.float32)
        return (uniform < values).astype(np.float32)

    def cut(self, share: float, seed: int) -> tuple["BinarizedSplit", "BinarizedSplit"]:
        """(training, validation): disjoint parts of this split, drawn with the seed.

        Of a split that is `ordered` the last examples are for validation. Windows of the two parts
        share no step: see `Windows.cut_apart`.
        """
        count = max(1, round(share * len(self)))
        if count >= len(self):
            raise DatasetError(
                f"{len(self)} examples are too few to cut {share:.0%} of them off for "
                "validation: at least 2 are wanted."
            )
        generator = np.random.default_rng([seed, _CUT])
        if isinstance(self.split.images, Windows):
            rest, validation = self.split.images.cut_apart(count, generator)
            return self.subset(rest), self.subset(validation)
        if self.split.ordered:
            places = np.arange(len(self))
            return self.subset(places[:-count]), self.subset(places[-count:])
        order = generator.permutation(len(self))
        rest, validation = np.sort(order[count:]), np.sort(order[:count])
        return self.subset(rest), self.subset(validation)

    def subset(self, indices: Indices) -> "BinarizedSplit":
        """The chosen examples, in the order asked for, each drawn as here."""
        return replace(self, split=self.split.subset(indices))

    def fingerprint(self) -> str:
        """A digest of every example, label, length and position, in order; reads all of them."""
        return fingerprint.of_split(self.split)

    def training_batches(
        self,
        batch_size: int,
        seed: int,
        steps_per_epoch: int | None = None,
        conditions: Sequence[str] = (),
        augment: Sequence[str] = (),
        needed: np.ndarray | None = None,
    ) -> "TrainingBatches":
        """Shuffled batches (x, x) without end, as `TrainingBatches`.

        Raises:
            DatasetError: if this data cannot be augmented so, or lacks a condition.
        """
        from zoo.datasets.batches import TrainingBatches  # loads Keras

        return TrainingBatches(self, batch_size, seed, steps_per_epoch, conditions, augment, needed)

    def evaluation_batches(
        self, batch_size: int, conditions: Sequence[str] = ()
    ) -> "EvaluationBatches":
        """Every example in order, as `EvaluationBatches`."""
        from zoo.datasets.batches import EvaluationBatches  # loads Keras

        return EvaluationBatches(self, batch_size, conditions)


@dataclass(frozen=True, eq=False)
class BinarizedDataset(BaseDataset[BinarizedSplit]):
    """A dataset as a model sees it; final."""

    binarization: str = "none"
    seed: int = 0
