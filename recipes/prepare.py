"""Imported first by every recipe: says what to install where something is missing.

Standard library only. In a clone, a recipe runs with the package that lies beside it, installed or
not; in a wheel it is part of the package. On JAX (KERAS_BACKEND=jax) a recipe does without
TensorFlow: it trains, evaluates and leaves its run for a machine that exports it.
"""

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "numpy",
    "onnxruntime",
    "keras",
    "sklearn",
    "scipy",
    "matplotlib",
    "PIL",
    "tyro",
    "requests",
    "pyarrow",
    "yaml",
    "tqdm",
    "tensorboardX",
)
TENSORFLOW = ("tensorflow", "tensorflow_datasets", "tf2onnx", "onnx", "importlib_resources")
EXTRA, BESIDES = (
    ("jax", ("jax",)) if os.environ.get("KERAS_BACKEND") == "jax" else ("train", TENSORFLOW)
)
IN_A_CLONE = (ROOT / "zoo" / "__init__.py").is_file()

if IN_A_CLONE:
    sys.path.insert(0, str(ROOT))

missing = [name for name in NEEDED + BESIDES if importlib.util.find_spec(name) is None]
if missing:
    where, what = "", f'"vae-zoo[{EXTRA}]"'
    if IN_A_CLONE:
        where, what = ", from the folder of pyproject.toml", f'-c constraints.txt -e ".[{EXTRA}]"'
    sys.exit(
        f"error: a recipe trains a model and needs {', '.join(missing)}, not installed for "
        f"{sys.executable}. This one command installs the training stack{where}:\n\n"
        f"    python -m pip install {what}\n"
    )
