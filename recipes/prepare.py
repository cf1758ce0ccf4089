"""Imported first by every recipe: says what to install where something is missing.

Standard library only. In a clone, a recipe runs with the package that lies beside it, installed or
not; in a wheel it is part of the package.
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
IN_A_CLONE = (ROOT / "zoo" / "__init__.py").is_file()

if IN_A_CLONE:
    sys.path.insert(0, str(ROOT))

missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if missing:
    where, what = "", '"vae-zoo[train]"'
    if IN_A_CLONE:
        where, what = ", from the folder of pyproject.toml", '-c constraints.txt -e ".[train]"'
    sys.exit(
        f"error: a recipe trains a model and needs {', '.join(missing)}, not installed for "
        f"{sys.executable}. This one command installs the training stack{where}:\n\n"
        f"    python -m pip install {what}\n"
    )
