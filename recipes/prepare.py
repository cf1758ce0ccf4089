"""Imported first by every recipe: says what to install where something is missing.

Standard library only. A recipe runs with the package that lies beside it, installed or not.
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "numpy",
    "onnxruntime",
    "keras",
    "tensorflow",
    "tensorflow_datasets",
    "tf2onnx",
    "onnx",
    "sklearn",
    "scipy",
    "matplotlib",
    "PIL",
    "tyro",
    "importlib_resources",
    "requests",
    "pyarrow",
    "yaml",
    "tqdm",
    "tensorboardX",
)

sys.path.insert(0, str(ROOT))

missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(
        f"error: a recipe trains a model and needs {', '.join(missing)}, not installed for "
        f"{sys.executable}. This one command installs the training stack, from the folder "
        'of pyproject.toml:\n\n    python -m pip install -c constraints.txt -e ".[train]"\n'
    )
