"""From an encoded image of any mode and size to uint8 pixels of one shape."""

import contextlib
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from zoo.datasets import storage
from zoo.datasets.reading import printable
from zoo.errors import DatasetError, MissingDependency

if TYPE_CHECKING:
    from PIL import Image

_BYTES_A_PIXEL = 16  # of a decoded image, its copies in other modes included
_MOST = 0.5  # of the memory, for one image
_LARGE = 1 / 32  # of the memory, for one of several that are decoded at once
_ONE_LARGE_AT_A_TIME = threading.Lock()


def pillow() -> ModuleType:
    """The module PIL.Image, or an error that says how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency(
            "Images are decoded with Pillow, which is not installed: pip install pillow"
        ) from error
    return Image


def decode(stream: BinaryIO, image_shape: tuple[int, int, int]) -> np.ndarray:
    """An open image file as uint8 [height, width, channels], see `fit`.

    Raises:
        DatasetError: it is no image, a damaged one, or one of more pixels than memory is for.
    """
    image_module = pillow()
    enough = 2 * max(image_shape[:2])
    try:
        with image_module.open(stream) as image:
            # A large JPEG is decoded at a fraction of its size, still twice what is wanted.
            image.draft(None, (enough, enough))
            with _memory_for(image):
                return fit(image, image_shape)
    except DatasetError:
        raise
    except image_module.UnidentifiedImageError as error:
        raise DatasetError("no image that Pillow can read") from error
    # A damaged file makes Pillow raise nearly anything (SyntaxError, struct.error, ...).
    except Exception as error:
        raise DatasetError(printable(f"{type(error).__name__}: {error}")) from error


@contextlib.contextmanager
def _memory_for(image: "Image.Image") -> Iterator[None]:
    """Refuses an image for which there is no memory; large ones are decoded one at a time."""
    share = image.width * image.height * _BYTES_A_PIXEL / storage.physical_memory()
    if share > _MOST:
        raise DatasetError(
            f"{image.width}x{image.height} pixels, for which there is not enough memory here"
        )
    with _ONE_LARGE_AT_A_TIME if share > _LARGE else contextlib.nullcontext():
        yield


def fit(image: "Image.Image", image_shape: tuple[int, int, int]) -> np.ndarray:
    """The upright image as uint8 [height, width, channels]: resized (antialiased), centre-cropped.

    Transparency becomes white. An image that already has the height and width keeps its pixels.
    """
    from PIL import Image, ImageOps

    height, width, channels = image_shape
    image = ImageOps.exif_transpose(image)
    image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if channels == 1 else "RGB")
    image = ImageOps.fit(image, (width, height), method=Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8).reshape(image_shape)


def _eight_bits(image: "Image.Image") -> "Image.Image":
    """16-bit grey scaled to 8 bits: PIL's own convert("L") would clip it to white."""
    from PIL import Image

    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError("pixels of 32 bits have no stated range; save it with 8 or 16 bits")
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))
