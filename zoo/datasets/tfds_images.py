"""Any image dataset of TensorFlow Datasets (TFDS), by its name there."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from zoo.datasets import network, storage
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, Split, hold_out, slug
from zoo.datasets.pixels import fit, pillow
from zoo.errors import DatasetError, MissingDependency

DEFAULT_SHAPE = (32, 32, 3)

_NAME = re.compile(
    r"(?P<dataset>\w+)(/(?P<config>[\w\-.]+))?(:(?P<version>(\d+|\*)(\.(\d+|\*)){2}))?"
)
_BATCH = 512


def knows(name: str) -> bool:
    """Whether TFDS, or the data folder, has a dataset of this name, whatever its version."""
    match = _NAME.fullmatch(name)
    if not match:
        return False
    return match["dataset"] in names() or any(
        _data_dir().glob(f"{match['dataset']}/**/features.json")
    )


def names() -> list[str]:
    """Every dataset of TFDS by name, images or not; offline, about half a second."""
    return _tfds().list_builders(with_community_datasets=False)


def is_of_images(name: str) -> bool:
    """Whether the examples have an image, as far as can be told without downloading."""
    try:
        return _image_key(_tfds().builder(name).info) is not None
    # A builder may want further libraries or its own configuration: then it is not suggested.
    except Exception:
        return False


def load(
    name: str,
    seed: int,
    test_share: float,
    image_shape: tuple[int, int, int] | None,
    memory_share: float,
    cache_dir: str | os.PathLike | None,
) -> Dataset:
    """The dataset's own test split, or one held out; images as uint8."""
    builder = _builder(name)
    info = builder.info
    image_key = _image_key(info)
    if image_key is None:
        raise DatasetError(
            f"The TFDS dataset {name!r} has no image in its examples (it has "
            f"{', '.join(info.features)}); wanted: an image dataset such as mnist or cifar10."
        )
    _prepare(name, builder)
    shape = image_shape or _stored_shape(info.features[image_key])
    train_name, test_name = _split_names(name, info)
    parts = {"train": train_name} if test_name is None else {"train": train_name, "test": test_name}
    arrays = _decoded(name, builder, image_key, shape, parts, memory_share, cache_dir)
    splits = {part: Split(arrays[f"{part}_images"], arrays.get(f"{part}_labels")) for part in parts}
    if test_name is None:
        train, test, sentence = hold_out(splits["train"], test_share, seed)
    else:
        train, test = splits["train"], splits["test"]
        sentence = f"TFDS's own {test_name!r} split, n={len(test):,}."
    return Dataset(
        name=_slug(name),
        train=train,
        test=test,
        event_shape=shape,
        source=_source(info),
        licence=_one_line(getattr(info, "license", None)) or UNKNOWN_LICENCE,
        test_split=sentence,
    )


def _tfds():
    # Set before TensorFlow loads: its start-up notices are not the user's concern.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise MissingDependency(
            f"TensorFlow Datasets cannot be imported ({error}): pip install tensorflow-datasets "
            "importlib_resources. Without it use the embedded 'digits', a folder of images, or a "
            ".npz or .npy file."
        ) from error
    return tfds


def _data_dir() -> Path:
    # Read at each load; TFDS itself reads the variable once, when it is imported.
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def _builder(name: str):
    try:
        return _tfds().builder(name, data_dir=str(_data_dir()))
    # Builders raise whatever they like for a configuration or version that they do not have.
    except Exception as error:
        raise DatasetError(
            f"TFDS cannot build {name!r}: {_one_line(error)} Wanted: name, name/configuration or "
            "name:version, as listed on https://www.tensorflow.org/datasets/catalog."
        ) from error


def _prepare(name: str, builder) -> None:
    """Downloads and prepares the dataset unless it is there; fails in seconds without network."""
    folder = Path(builder.data_dir)
    if (folder / "dataset_info.json").exists():
        return
    urls = _one_url_a_host(builder)
    if not network.reachable(list(urls.values())):
        raise DatasetError(
            f"The dataset {name!r} is not prepared in {folder}, and it cannot be downloaded: "
            f"no network ({', '.join(urls)} did not answer). {_prepared_versions(folder)}Set "
            "TFDS_DATA_DIR to a folder in which it is prepared, or load it once on a machine "
            "with network and copy that folder here, or use the embedded dataset 'digits'."
        )
    try:
        builder.download_and_prepare()
    # Whatever a download can raise, from a checksum to a full disk to a missing library.
    except Exception as error:
        by_hand = _one_line(builder.MANUAL_DOWNLOAD_INSTRUCTIONS)
        raise DatasetError(
            f"TFDS could not download and prepare {name!r} in {folder}: "
            f"{type(error).__name__}: {_one_line(error)}"
            + (f" It is to be downloaded by hand: {by_hand}" if by_hand else "")
        ) from error


def _one_url_a_host(builder) -> dict[str, str]:
    """{host: address} of the first three hosts that the dataset is downloaded from."""
    urls: dict[str, str] = {}
    for url in builder.url_infos or [network.REFERENCE_URL]:
        urls.setdefault(urlsplit(url).netloc or url, url)
    return dict(list(urls.items())[:3])


def _prepared_versions(folder: Path) -> str:
    versions = sorted(file.parent.name for file in folder.parent.glob("*/dataset_info.json"))
    return f"Prepared there are: {', '.join(versions)}; ask for name:version. " if versions else ""


def _image_key(info) -> str | None:
    """The example's image: the feature called image, else the first that is one."""
    if not isinstance(info.features, _tfds().features.FeaturesDict):
        return None
    image = _tfds().features.Image
    keys = [key for key, feature in info.features.items() if isinstance(feature, image)]
    return "image" if "image" in keys else next(iter(keys), None)


def _label_key(info) -> str | None:
    feature = info.features["label"] if "label" in info.features else None
    if feature is None or feature.shape != () or not np.issubdtype(feature.np_dtype, np.integer):
        return None
    return "label"


def _stored_shape(feature) -> tuple[int, int, int]:
    """The images' own shape, if they all have one that the zoo takes."""
    shape = tuple(feature.shape)
    return shape if None not in shape and shape[-1] in (1, 3) else DEFAULT_SHAPE


def _split_names(name: str, info) -> tuple[str, str | None]:
    test = next((split for split in ("test", "validation") if split in info.splits), None)
    others = [split for split in info.splits if split not in ("test", "validation")]
    if "train" in others:
        return "train", test
    if others:
        return others[0], test
    if test is None:
        raise DatasetError(f"The TFDS dataset {name!r} has no splits.")
    return test, None  # It has a test set only: part of it is held out of training.


def _decoded(
    name: str,
    builder,
    image_key: str,
    shape: tuple[int, int, int],
    parts: dict[str, str],
    memory_share: float,
    cache_dir: str | os.PathLike | None,
) -> storage.Arrays:
    label_key = _label_key(builder.info)
    fields: dict[str, tuple[tuple[int, ...], type]] = {}
    for part, split in parts.items():
        n = builder.info.splits[split].num_examples
        fields[f"{part}_images"] = ((n, *shape), np.uint8)
        if label_key:
            fields[f"{part}_labels"] = ((n,), np.int64)

    def write(arrays: storage.Arrays) -> None:
        total = sum(builder.info.splits[split].num_examples for split in parts.values())
        with storage.progress(total, f"Decoding {name}") as bar:
            for part, split in parts.items():
                at = 0
                for images, labels in _batches(builder, split, image_key, label_key, shape):
                    arrays[f"{part}_images"][at : at + len(images)] = images
                    if label_key:
                        arrays[f"{part}_labels"][at : at + len(images)] = labels
                    at += len(images)
                    bar.update(len(images))

    sides = "x".join(str(side) for side in shape)
    key = f"{_slug(name)}-{builder.version}-{'-'.join(parts.values())}-{sides}"
    return storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)


def _batches(
    builder, split: str, image_key: str, label_key: str | None, shape: tuple[int, int, int]
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """(uint8 images [b, *shape], labels [b] or None), always in the same order."""
    tfds = _tfds()
    wanted = {key: True for key in (image_key, label_key) if key}
    with _quiet():
        examples = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(wanted),
            read_config=tfds.ReadConfig(try_autocache=False),
        )
    feature = builder.info.features[image_key]
    # Only images of one shape can be stacked before they are resized.
    size = 1 if None in feature.shape else _BATCH
    for batch in examples.batch(size).prefetch(2).as_numpy_iterator():
        images = _eight_bits(batch[image_key])
        if images.shape[1:] != shape:
            images = np.stack([fit(_as_pillow(image), shape) for image in images])
        yield images, batch[label_key] if label_key else None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """TFDS warns of its own use of a deprecated property: nothing a user could act on."""
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _eight_bits(images: np.ndarray) -> np.ndarray:
    if images.dtype == np.uint8:
        return images
    if images.dtype == np.uint16:
        return np.rint(images / 257).astype(np.uint8)
    raise DatasetError(
        f"The images of this TFDS dataset are {images.dtype}, whose range is not stated; wanted: "
        "uint8 or uint16. Save them scaled to [0, 1] as .npy, and load that file."
    )


def _as_pillow(image: np.ndarray):
    return pillow().fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _slug(name: str) -> str:
    return slug(name.split(":")[0])


def _source(info) -> str:
    """`mnist 3.0.1 from TensorFlow Datasets; LeCun et al., MNIST handwritten ..., 2010; <page>`."""
    facts = {}
    for field in ("author", "title", "year"):
        match = re.search(
            rf"\b{field}\s*=\s*[{{\"]*([^}}\"\n]+)", info.citation or "", re.IGNORECASE
        )
        facts[field] = _one_line(match[1]).rstrip(", ") if match else ""
    first, *more = re.split(r"\s+and\s+", facts["author"])
    facts["author"] = first.split(",")[0].strip() + (" et al." if more else "")
    cited = ", ".join(fact for fact in facts.values() if fact)
    parts = (f"{info.full_name} from TensorFlow Datasets", cited, info.homepage)
    return "; ".join(part for part in parts if part)


def _one_line(text: object) -> str:
    """The text with its white space made single, at most 400 characters."""
    line = " ".join(str(text).split()) if text else ""
    return line if len(line) <= 400 else line[:399] + "…"
