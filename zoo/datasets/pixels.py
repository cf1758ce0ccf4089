"""From an encoded image of any mode and size to uint8 pixels of one shape."""

import contextlib
import errno
import functools
import io
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from zoo.datasets import reading, storage
from zoo.datasets.formats import pillow, readable
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

if TYPE_CHECKING:
    from PIL import Image

_BYTES_A_PIXEL = 16  # of a decoded image, its copies in other modes included
_MOST = 0.5  # of the memory, for one image
_LARGE = 1 / 32  # of the memory, for one of several that are decoded at once
_ONE_LARGE_AT_A_TIME = threading.RLock()
_MOST_READ = 1 / 8, 2**30  # of the memory, and at most: bytes of one file
_MUCH_READ = 1 / 64  # of the memory: bytes of one file of several
_MOST_READS = 2**18  # before pixels: of zeros some formats would skip one after the other
_ORIENTATION = 0x0112  # in EXIF
_ON_THEIR_SIDE = (5, 6, 7, 8)
_GREY_MODES = ("1", "L", "LA", "La", "F", "I")  # and every one that begins with I;16


@dataclass(frozen=True)
class Header:
    """What an image file says of itself: its upright size, and whether its mode is grey."""

    height: int
    width: int
    grey: bool


def header(stream: BinaryIO) -> Header:
    """The header of an open image file, whose pixels are not decoded.

    Raises:
        DatasetError: as `decode`.
        OSError: as `decode`.
    """
    with _opened(stream) as image:
        # A PNG's own method would decode it, to look for EXIF behind the pixels.
        exif = pillow().Image.getexif(image)
        width, height = image.size
        # Of a TIFF the size is that of the upright image already.
        if image.format != "TIFF" and exif.get(_ORIENTATION) in _ON_THEIR_SIDE:
            width, height = height, width
        return Header(height, width, _is_grey(image))


def decode(stream: BinaryIO, image_shape: tuple[int, int, int]) -> np.ndarray:
    """An open image file as uint8 [height, width, channels], see `fit`.

    Raises:
        DatasetError: it is no image, a damaged one, or one of more pixels than memory is for.
        OSError: the disk does not give what it has.
    """
    enough = 2 * max(image_shape[:2])
    with _opened(stream) as image:
        # A large JPEG is decoded at a fraction of its size, still twice what is wanted.
        image.draft(None, (enough, enough))
        with _memory_for(image):
            return fit(image, image_shape)


@contextlib.contextmanager
def _opened(stream: BinaryIO) -> Iterator["Image.Image"]:
    """An image of a format that the zoo reads: others may start programs, as Ghostscript."""
    image_module = pillow()
    try:
        with _Bounded(stream) as bounded, image_module.open(bounded, formats=readable()) as image:
            bounded.reads = -sys.maxsize  # from here on the number of pixels is the bound
            yield image
    except DatasetError:
        raise
    except image_module.UnidentifiedImageError as error:
        raise DatasetError("no image that Pillow can read") from error
    # A damaged file makes Pillow raise nearly anything (SyntaxError, struct.error, ...).
    except Exception as error:
        # Pillow's own have no number; a damaged file may send it to a place that is none (EINVAL).
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise DatasetError(printable(f"{type(error).__name__}: {error}")) from error


class _Bounded(io.BufferedIOBase):
    """An open image file that is not read for ever; what reads much of one does so alone."""

    def __init__(self, stream: BinaryIO):
        self.stream = stream
        memory = storage.physical_memory()
        share, most = _MOST_READ
        self.left = min(int(share * memory), most)
        self.shared = int(_MUCH_READ * memory)  # of that, before it is the only one
        self.reads = 0
        self.alone = False

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(functools.partial(reading.at_most, self.stream.read), size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._counted(self.stream.readline, size)

    def _counted(self, read: Callable[[int], bytes], size: int | None) -> bytes:
        size = self.left + 1 if size is None or size < 0 else min(size, self.left + 1)
        content = read(size if self.alone else min(size, self.shared))
        if not self.alone and len(content) == self.shared:
            self.alone = _ONE_LARGE_AT_A_TIME.acquire()
            content += read(size - len(content))
        self.reads += 1
        self.left -= len(content)
        self.shared -= len(content)
        if self.left < 0 or self.reads > _MOST_READS:
            raise DatasetError("its header has no end, or more is read of it than memory is for")
        return content

    def close(self) -> None:
        if self.alone:
            self.alone = False
            _ONE_LARGE_AT_A_TIME.release()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.stream.fileno()


def _is_grey(image: "Image.Image") -> bool:
    """Whether no pixel can have a colour, by the mode or the palette."""
    if image.mode not in ("P", "PA"):
        return image.mode in _GREY_MODES or image.mode.startswith("I;16")
    if image.palette is None:
        return False
    layout = image.palette.rawmode or image.palette.mode
    colours = np.frombuffer(bytes(image.palette.palette), np.uint8)
    if layout == "RGB;L":  # first every red, then every green, then every blue
        rows = colours[: len(colours) // 3 * 3].reshape(3, -1).T
    elif layout in ("RGB", "BGR", "RGBA", "BGRA", "RGBX", "BGRX"):
        step = len(layout)
        rows = colours[: len(colours) // step * step].reshape(-1, step)[:, :3]
    else:
        return False
    return bool((rows == rows[:, :1]).all())


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
    if image.mode == "LAB":
        image = _screen_colours(image)
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


def _screen_colours(image: "Image.Image") -> "Image.Image":
    """CIELAB as sRGB, which no `convert` of PIL does."""
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # only where the image is changed in place
    return converted
