"""The features of ChemNet, which the Fréchet ChemNet distance is measured in (Preuer et al. 2018).

A network of two convolutions and two LSTMs that learned to predict the outcome of assays from
strings. Its weights come with the distribution `fcd` (or `fcd_torch`, which MOSES used: the same
numbers), and PyTorch computes it; neither is imported before it is needed.
"""

import functools
import importlib.util
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError, MissingDependency
from zoo.evaluation.molecules import workers

SYMBOLS = (
    *("C", "N", "O", "H", "F", "Cl", "P", "B", "Br", "S", "I", "Si", "#", "(", ")", "+", "-"),
    *("1", "2", "3", "4", "5", "6", "7", "8", "=", "[", "]", "@", "c", "n", "o", "s"),
    *("X", "."),  # any other; the end
)
LENGTH = 350
"""Symbols of a string that the network is given, its end included; later ones are cut off."""

FEATURES = 512
BATCH = 256
_SECOND_LETTERS = frozenset("ril")
_WEIGHTS = "ChemNet_v0.13_pretrained.pt"
_PLACE = {symbol: place for place, symbol in enumerate(SYMBOLS)}


def moments(smiles: Sequence[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """(mean [512], covariance [512, 512]) of ChemNet's features of strings, float64.

    None of fewer than two. Strings are canonical ones. Memory is bounded whatever n.

    Raises:
        MissingDependency: without PyTorch or the weights.
    """
    if len(smiles) < 2:
        return None
    total, squares = np.zeros(FEATURES), np.zeros((FEATURES, FEATURES))
    centre = np.zeros(FEATURES)
    for index, part in enumerate(features(smiles)):
        centre = centre if index else part.mean(axis=0)  # around 0 digits would be lost
        shifted = part - centre
        total += shifted.sum(axis=0)
        squares += shifted.T @ shifted
    mean = total / len(smiles)
    covariance = (squares - len(smiles) * np.outer(mean, mean)) / (len(smiles) - 1)
    return centre + mean, covariance


def features(smiles: Sequence[str]) -> Iterator[np.ndarray]:
    """Yields ChemNet's features of strings, in order: float64 [at most 256, 512]."""
    torch, network = _torch(), _network()
    with workers.bar(len(smiles), "ChemNet") as bar:
        for first in range(0, len(smiles), BATCH):
            part = smiles[first : first + BATCH]
            with torch.no_grad():
                found = network(torch.from_numpy(encoded(part)))
            yield found.numpy().astype(np.float64)
            bar.update(len(part))


def encoded(smiles: Iterable[str]) -> np.ndarray:
    """What the network is given: float32 [n, 35, 350], 1/35 at each symbol's place and else 0.

    A letter before r, i or l is one symbol with it, and what is not in `SYMBOLS` is X. The first
    dot ends a string, as in what MOSES used: of several components the first alone is seen.
    """
    rows = [_places(each) for each in smiles]
    out = np.zeros((len(rows), len(SYMBOLS), LENGTH), np.float32)
    for row, places in zip(out, rows, strict=True):
        row[places, np.arange(len(places))] = 1.0 / len(SYMBOLS)
    return out


def _places(smiles: str) -> list[int]:
    """Of each symbol of a string, and of its end, the place in `SYMBOLS`."""
    places: list[int] = []
    index = 0
    while index < len(smiles) and len(places) < LENGTH - 1:
        if smiles[index] == "." and places:
            break
        width = 2 if smiles[index + 1 : index + 2] in _SECOND_LETTERS else 1
        places.append(_PLACE.get(smiles[index : index + width], _PLACE["X"]))
        index += width
    return [*places, _PLACE["."]]


def require() -> None:
    """Refuses, with what to install, where PyTorch or the weights are absent.

    Raises:
        MissingDependency: saying which.
    """
    _torch()
    _weights()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingDependency(_unavailable("PyTorch, which is not installed")) from error
    return torch


def _weights() -> Path:
    """Where the weights are, found without importing what brings them."""
    for name in ("fcd", "fcd_torch"):
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / _WEIGHTS).exists():
                return Path(folder) / _WEIGHTS
    raise MissingDependency(
        _unavailable(f"the weights {_WEIGHTS} of the distribution fcd, which is not installed")
    )


def _unavailable(what: str) -> str:
    return (
        f"The Fréchet ChemNet distance needs {what}: pip install 'vae-zoo[moses]'. Without it, "
        'leave_out=["FCD"] measures everything else.'
    )


@functools.lru_cache(1)
def _network() -> Any:
    """[n, 35, 350] -> [n, 512], a function of tensors."""
    torch, path = _torch(), _weights()
    layers = [_layer(kind, *config) for kind, config in torch.load(path, weights_only=True)]
    if [type(each) for each in layers] != [torch.nn.Conv1d] * 2 + [torch.nn.LSTM] * 2:
        raise InputError(f"{path} does not hold ChemNet: two convolutions and two LSTMs.")
    first, second, backwards, forwards = layers

    def network(x: Any) -> Any:
        for convolution in (first, second):
            x = torch.selu(convolution(_padded(x, convolution)))
        # The lower LSTM reads from the end, and the upper one what that gives from the start.
        x, _ = backwards(x.transpose(1, 2).flip(1))
        x, _ = forwards(x.flip(1))
        return x[:, -1]

    return network


def _layer(kind: str, weights: dict, options: dict, other: dict) -> Any:
    layer = getattr(_torch().nn, kind)(**options)
    layer.load_state_dict(weights)
    return layer.eval()


def _padded(x: Any, convolution: Any) -> Any:
    """With the zeros around it that TensorFlow adds for padding "same"."""
    width, (kernel,), (stride,) = x.shape[2], convolution.kernel_size, convolution.stride
    missing = max(0, (math.ceil(width / stride) - 1) * stride + kernel - width)
    return _torch().nn.functional.pad(x, (missing // 2, missing - missing // 2))
