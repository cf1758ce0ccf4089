"""TensorFlow Datasets (TFDS): which datasets there are, and how one becomes prepared on disk."""

import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from zoo.datasets import network
from zoo.datasets.reading import exists, expanded, printable
from zoo.errors import DatasetError, MissingDependency

_NAME = re.compile(
    r"(?P<dataset>\w+)(/(?P<config>[\w\-.]+))?(:(?P<version>(\d+|\*)(\.(\d+|\*)){2}))?"
)


def knows(name: str) -> bool:
    """Whether TFDS, or the data folder, has a dataset of this name, whatever its version."""
    match = _NAME.fullmatch(name)
    if not match:
        return False
    folder = _data_dir() / match["dataset"]
    return match["dataset"] in names() or (exists(folder) and any(folder.rglob("features.json")))


def names() -> list[str]:
    """Every dataset of TFDS by name, images or not; offline, about half a second."""
    return library().list_builders(with_community_datasets=False)


def is_of_images(name: str) -> bool:
    """Whether the examples have an image, as far as can be told without downloading."""
    try:
        return image_key_of(library().builder(name).info) is not None
    # A builder may want further libraries or its own configuration: then it is not suggested.
    except Exception:
        return False


def has_tensorflow() -> bool:
    """Whether TensorFlow is installed: to prepare a dataset, TFDS needs it."""
    return importlib.util.find_spec("tensorflow") is not None


def library() -> ModuleType:
    """The module tensorflow_datasets; TensorFlow itself is loaded only to read examples."""
    # Set before TensorFlow loads: its start-up notices are not the user's concern.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise MissingDependency(
            f"TensorFlow Datasets cannot be imported ({error}): pip install tensorflow-datasets "
            "importlib_resources. Without it use the embedded 'digits', a folder of images, or a "
            ".npz or .npy file. (What is prepared is read without TensorFlow.)"
        ) from error
    return tfds


def _data_dir() -> Path:
    # Read at each load; TFDS itself reads the variable once, when it is imported.
    return expanded(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def builder_of(name: str) -> Any:
    """The builder of `name`, `name/configuration` or `name:version`; offline."""
    try:
        return library().builder(name, data_dir=str(_data_dir()))
    # Builders raise whatever they like for a configuration or version that they do not have.
    except Exception as error:
        raise DatasetError(
            f"TFDS cannot build {name!r}: {one_line(error)} Wanted: name, name/configuration or "
            "name:version, as listed on https://www.tensorflow.org/datasets/catalog."
        ) from error


def prepare(name: str, builder: Any, instead: str = "the embedded dataset 'digits'") -> None:
    """Downloads and prepares the dataset unless it is there; fails in seconds without network.

    Args:
        instead: what to take where there is no network.
    """
    folder = Path(builder.data_dir)
    if (folder / "dataset_info.json").exists():
        return
    if not has_tensorflow():
        raise MissingDependency(
            f"The dataset {name!r} is not prepared in {folder}, and TFDS prepares with TensorFlow "
            f"alone, which is not installed. {_prepared_versions(folder)}Load it once on a machine "
            "that has TensorFlow and copy that folder here, or set TFDS_DATA_DIR to where it is "
            "prepared: from there on it is read without TensorFlow."
        )
    urls = _one_url_a_host(builder)
    by_hand = one_line(builder.MANUAL_DOWNLOAD_INSTRUCTIONS)
    if not _downloaded_by_hand(builder) and not network.reachable(list(urls.values())):
        raise DatasetError(
            f"The dataset {name!r} is not prepared in {folder}, and it cannot be downloaded: "
            f"no network ({', '.join(urls)} did not answer). {_prepared_versions(folder)}Set "
            "TFDS_DATA_DIR to a folder in which it is prepared, or load it once on a machine "
            f"with network and copy that folder here, or use {instead}."
        )
    try:
        builder.download_and_prepare()
    # Whatever a download can raise, from a checksum to a full disk to a missing library.
    except Exception as error:
        raise DatasetError(
            f"TFDS could not download and prepare {name!r} in {folder}: "
            f"{type(error).__name__}: {one_line(error)}"
            + (f" It is to be downloaded by hand: {by_hand}" if by_hand else "")
        ) from error


def _downloaded_by_hand(builder: Any) -> bool:
    """Whether the dataset is one of those, and the folder where TFDS looks has something."""
    manual = _data_dir() / "downloads" / "manual"
    return bool(builder.MANUAL_DOWNLOAD_INSTRUCTIONS) and any(manual.glob("*"))


def _one_url_a_host(builder: Any) -> dict[str, str]:
    """{host: address} of the first three hosts that the dataset is downloaded from."""
    urls: dict[str, str] = {}
    for url in builder.url_infos or [network.REFERENCE_URL]:
        urls.setdefault(urlsplit(url).netloc or url, url)
    return dict(list(urls.items())[:3])


def _prepared_versions(folder: Path) -> str:
    versions = sorted(file.parent.name for file in folder.parent.glob("*/dataset_info.json"))
    return f"Prepared there are: {', '.join(versions)}; ask for name:version. " if versions else ""


def image_key_of(info: Any) -> str | None:
    """The example's image: the feature called image, else the first that is one."""
    if not isinstance(info.features, library().features.FeaturesDict):
        return None
    image = library().features.Image
    keys = [key for key, feature in info.features.items() if isinstance(feature, image)]
    return "image" if "image" in keys else next(iter(keys), None)


def texts_of(info: Any) -> list[str]:
    """The features of an example that are a text, by name."""
    tensor, of_names = library().features.Tensor, library().features.FeaturesDict
    named = info.features.items() if isinstance(info.features, of_names) else ()
    return [
        key
        for key, feature in named
        if isinstance(feature, tensor)
        and feature.shape == ()
        and np.dtype(feature.np_dtype).kind in "OSU"
    ]


def one_line(text: object) -> str:
    """The text with its white space made single, at most 400 characters."""
    line = printable(" ".join(str(text).split())) if text else ""
    return line if len(line) <= 400 else line[:399] + "…"
