"""Deploy: from an artifact to the folder that a model server starts from.

Servers are not ours: Triton, TensorFlow Serving and KServe each get the layout they document, made
from the artifact's own files after these were checked against its manifest. Needs the base install
alone, numpy and onnxruntime.
"""

from zoo.deploy.kserve import kserve
from zoo.deploy.tf_serving import tf_serving
from zoo.deploy.triton import triton

__all__ = ["kserve", "tf_serving", "triton"]
