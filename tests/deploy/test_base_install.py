"""Layouts are written by the base install: numpy, onnxruntime, no training library."""

CODE = """
import sys
from pathlib import Path
from zoo import deploy

artifact, out = sys.argv[1], Path(sys.argv[2])
deploy.triton(artifact, out / "triton")
deploy.tf_serving(artifact, out / "tf_serving")
deploy.kserve(artifact, out / "kserve", "s3://models/vae", "24.10-py3")
heavy = {"tensorflow", "keras", "onnx", "google", "yaml", "tritonclient"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_every_layout_is_written_without_any_training_library(app_python, artifact, tmp_path):
    assert app_python.run(CODE, artifact, tmp_path).stdout.strip() == ""
    written = {path.parent.name for path in tmp_path.glob("*/README.md")}
    assert written == {"triton", "tf_serving", "kserve"}
