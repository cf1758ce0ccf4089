"""Which data lies here: of TensorFlow Datasets where `TFDS_DATA_DIR` says, and the Frey faces.

Nothing is downloaded.
"""

import os
from pathlib import Path

DATA_DIR = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()

FREY_FACES = Path(
    os.environ.get("FREY_FACES") or DATA_DIR.parent / "faces" / "frey_faces.npz"
).expanduser()
"""The file that docs/faces.md makes, which has no licence and is brought by whoever has it."""


def is_prepared(name):
    """Whether a dataset is there, of any version."""
    return any(DATA_DIR.glob(f"{name}/*/dataset_info.json"))
