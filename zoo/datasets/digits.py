"""scikit-learn's 1,797 handwritten digits of 8x8 pixels: embedded, no network needed."""

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets.base import Dataset, HoldOut, Split
from zoo.errors import MissingDependency


def load(hold_out: HoldOut) -> Dataset:
    """Digits as float32 [n, 8, 8, 1]; every pixel is k/16 with k in 0..16."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingDependency(
            "The digits come with scikit-learn, which is not installed: pip install scikit-learn"
        ) from error
    digits = load_digits()
    # float32, because k/16 has no exact uint8 that divided by 255 gives it back.
    images = (digits.images[..., None] / 16).astype(np.float32)
    split = Split(images, digits.target.astype(np.int64))
    train, test, sentence = hold_out.parts(split)
    return Dataset(
        name="digits",
        train=train,
        test=test,
        schema=Schema(
            "image", images.shape[1:], spacing=1 / 16, ink=True, classes=tuple("0123456789")
        ),
        source="Optical Recognition of Handwritten Digits (Alpaydin and Kaynak, UCI, 1998), "
        "1,797 images of 8x8, through scikit-learn's load_digits",
        licence="CC BY 4.0",
        test_split=sentence,
    )
