"""The shape that images are given where the user chose none, and the sentence that says so."""

import statistics
from collections.abc import Sequence

from zoo.datasets.pixels import Header

_LARGEST_KEPT = 256  # longest side of images that all have one size and keep it
_MULTIPLE, _SMALLEST, _LARGEST = 8, 8, 128  # of the side that is chosen for images of many sizes


def choose(
    headers: Sequence[Header], size: tuple[int, int] | None
) -> tuple[tuple[int, int, int], str]:
    """((height, width, channels), a sentence for the user) for images of these headers.

    They keep their size where all have one of at most 256 pixels a side; else they become squares
    of the median of their shorter sides, rounded down to a multiple of 8, between 8 and 128.
    One channel is for files that are all grey in their mode: an RGB file is one of colour, even
    where all of its pixels are grey.

    Args:
        size: (height, width) where the user chose that and not the channels.
    """
    (height, width), why = (size, "the size as given") if size else _size(headers)
    grey = sum(header.grey for header in headers)
    channels = 1 if grey == len(headers) else 3
    sentence = f"Images are {width}x{height} pixels (width x height), {_channels(channels)}: {why}"
    if channels == 3 and grey:
        sentence += (
            f". {len(headers) - grey:,} of {len(headers):,} files are in colour; "
            f"--image-shape {height} {width} 1 makes all of them grey"
        )
    elif size:
        sentence += f", the channels as all {len(headers):,} files have them"
    return (height, width, channels), f"{sentence}."


def _channels(channels: int) -> str:
    return "one channel" if channels == 1 else "three channels"


def _size(headers: Sequence[Header]) -> tuple[tuple[int, int], str]:
    sizes = sorted({(header.height, header.width) for header in headers})
    if len(sizes) == 1 and max(sizes[0]) <= _LARGEST_KEPT:
        return sizes[0], f"as all {len(headers):,} files are"
    median = int(statistics.median(min(header.height, header.width) for header in headers))
    side = min(_LARGEST, max(_SMALLEST, median // _MULTIPLE * _MULTIPLE))
    (low, *_, high) = sorted(sizes, key=lambda size: size[0] * size[1]) * 2
    between = _shown(low) if len(sizes) == 1 else f"{_shown(low)} to {_shown(high)}"
    why = f"the median shorter side of files from {between} is {median}"
    if len(sizes) == 1:
        why = f"the shorter side of all {len(headers):,} files, of {between}, is {median}"
    if median >= _LARGEST + _MULTIPLE:
        why += f", and at most {_LARGEST} is chosen"
    return (side, side), f"{why}; --image-shape chooses another"


def _shown(size: tuple[int, int]) -> str:
    height, width = size
    return f"{width}x{height}"
