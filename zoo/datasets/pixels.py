"""From a PIL image of any mode and size to uint8 pixels of one shape."""

from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import MissingDependency

if TYPE_CHECKING:
    from PIL import Image


def pillow():
    """The module PIL.Image, or an error that says how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency(
            "Images are decoded with Pillow, which is not installed: pip install pillow"
        ) from error
    return Image


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
