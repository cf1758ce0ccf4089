"""Which datasets of TensorFlow Datasets lie where `TFDS_DATA_DIR` says; nothing is downloaded."""

import os
from pathlib import Path

DATA_DIR = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def is_prepared(name):
    """Whether a dataset is there, of any version."""
    return any(DATA_DIR.glob(f"{name}/*/dataset_info.json"))
