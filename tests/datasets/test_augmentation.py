import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import Dataset, Schema, Split, augmentation, draws
from zoo.errors import DatasetError

BOTH = ("flip", "shift")


def made(schema, count=64):
    x = np.random.default_rng(0).random((count, *schema.shape)).astype(np.float32)
    return Dataset("made", Split(x), Split(x), schema, "made", "none", "all")


@pytest.fixture(scope="module")
def pictures():
    """Larger in one direction than in the other, in three channels."""
    return made(Schema("image", (16, 9, 3)))


def moved(image, down, right):
    """Another implementation of a shift: a window of the picture whose edge is repeated."""
    height, width, _ = image.shape
    wide = np.pad(image, ((height, height), (width, width), (0, 0)), mode="edge")
    return wide[height - down : 2 * height - down, width - right : 2 * width - right]


def candidates(image, augment):
    """{(flipped, down, right): image} of all that the augmentations may make of it."""
    flips = (False, True) if "flip" in augment else (False,)
    far = [side // 8 if "shift" in augment else 0 for side in image.shape[:2]]
    return {
        (flip, down, right): moved(image, down, right)[:, ::-1]
        if flip
        else moved(image, down, right)
        for flip in flips
        for down in range(-far[0], far[0] + 1)
        for right in range(-far[1], far[1] + 1)
    }


@pytest.mark.parametrize(("augment", "count"), [(("flip",), 2), (("shift",), 15), (BOTH, 30)])
def test_an_augmented_image_is_its_own_flipped_and_shifted_each_as_likely(pictures, augment, count):
    batches = datasets.binarize(pictures, "none").train.training_batches(64, 0, augment=augment)
    seen = []
    for step in range(10):
        for index, image in zip(batches.indices(step), batches.at(step), strict=True):
            of_its_own = candidates(pictures.train.images[index], augment)
            (found,) = [key for key, each in of_its_own.items() if np.array_equal(each, image)]
            seen.append(found)
    _, counts = np.unique(seen, axis=0, return_counts=True)
    expected = len(seen) / count
    assert len(counts) == count
    assert np.abs(counts - expected).max() < 5 * expected**0.5


def test_an_augmented_batch_is_a_function_of_seed_and_step_alone(pictures):
    train = datasets.binarize(pictures, "dynamic").train
    ahead, fresh = (train.training_batches(24, seed=3, augment=BOTH) for _ in range(2))
    walked = [ahead.at(step) for step in range(9)]
    np.testing.assert_array_equal(fresh.at(7), walked[7])
    assert (train.training_batches(24, seed=4, augment=BOTH).at(7) != walked[7]).any()


def test_a_visit_augments_anew_and_a_flip_is_the_same_with_a_shift(pictures):
    train = datasets.binarize(pictures, "none").train
    flipped = train.training_batches(64, 0, augment=("flip",))
    assert (flipped.at(0) != flipped.at(1)).any()  # a batch is a whole pass in order
    both = train.training_batches(64, 0, augment=BOTH).at(0)
    for flip, whole, image in zip(flipped.at(0), both, pictures.train.images, strict=True):
        mirrored = not np.array_equal(flip, image)
        of_its_own = candidates(image, BOTH)
        assert any(key[0] == mirrored for key in of_its_own if (of_its_own[key] == whole).all())


@pytest.mark.parametrize("augment", [(), BOTH])
def test_order_and_binarization_are_drawn_as_without_augmentation(pictures, augment):
    train = datasets.binarize(pictures, "dynamic").train
    batches = train.training_batches(24, seed=3, augment=augment)
    values = datasets.binarize(pictures, "none").train.training_batches(24, 3, augment=augment)
    for step in range(4):
        order = np.random.default_rng([3, 0, step // 2]).permutation(64)
        indices = np.sort(order[step % 2 * 24 :][:24])
        x = values.at(step) if augment else pictures.train.batch(indices)
        np.testing.assert_array_equal(batches.indices(step), indices)
        rows = np.stack([indices, np.full(24, step)], axis=1)
        np.testing.assert_array_equal(batches.at(step), draws.ones(x, 3, rows))


def test_what_is_binarized_once_moves_as_it_was_drawn(pictures):
    train = datasets.binarize(pictures, "static").train
    drawn = train.examples(slice(None))
    batch = train.training_batches(64, 0, augment=BOTH).at(0)
    assert (batch != drawn).any()
    for image, original in zip(batch, drawn, strict=True):
        assert any((image == each).all() for each in candidates(original, BOTH).values())


@pytest.mark.parametrize(
    ("schema", "augment", "said"),
    [
        (Schema("vector", (12,)), ("flip",), r"one example of this data is a vector of shape \[12"),
        (
            Schema("sequence", (8, 9, 1)),
            BOTH,
            r"a sequence of shape \[8, 9, 1\].*Leave augment out",
        ),
        (Schema("image", (7, 7, 1)), ("shift",), "7x7 pixels have none to move by: 8 or more"),
        (Schema("image", (8, 8, 1)), ("mirror",), r"\('mirror',\) is unknown.*flip and shift"),
        (Schema("image", (8, 8, 1)), "flip", "'flip' is unknown; give a tuple"),
    ],
)
def test_what_data_cannot_have_is_refused_in_a_sentence(schema, augment, said):
    train = datasets.binarize(made(schema), "none").train
    with pytest.raises(DatasetError, match=said):
        train.training_batches(8, 0, augment=augment)


def test_a_vector_without_augmentation_is_not_refused():
    train = datasets.binarize(made(Schema("vector", (12,))), "none").train
    assert train.training_batches(8, 0).at(0).shape == (8, 12)


def test_a_picture_of_one_row_is_shifted_along_it():
    data = made(Schema("image", (1, 16, 1)))
    x = datasets.binarize(data, "none").train.training_batches(64, 0, augment=("shift",)).at(0)
    for image, original in zip(x, data.train.images, strict=True):
        assert any((image == each).all() for each in candidates(original, ("shift",)).values())


def test_the_picture_that_was_given_stays_as_it_is(pictures):
    x = pictures.train.batch(slice(0, 8))
    kept = x.copy()
    augmentation.moved(x, augmentation.moves(x.shape, BOTH, np.random.default_rng(0)))
    np.testing.assert_array_equal(x, kept)
