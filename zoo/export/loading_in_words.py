"""What a card says of loading: the lines that use an artifact, in each runtime."""

from zoo.artifact.tokens import TOKENS
from zoo.export import first_use


def section(m):
    """The section, of a manifest."""
    name = m["name"]
    endpoint = m["endpoints"]["reconstruct"]
    given, answer = endpoint["inputs"], endpoint["outputs"][0]["name"]
    end = len(m["schema"].get("tokens", ())) - 1
    arrays = "\n".join(
        _made(t, "np.zeros({}, np.{})", "np.full({}, {}, np.{})", end) for t in given
    )
    tensors = "\n".join(_made(t, "tf.zeros({}, tf.{})", "tf.fill({}, {})", end) for t in given)
    fed = ", ".join(f'"{t["name"]}": {t["name"]}' for t in given)
    named = ", ".join(f"{t['name']}={t['name']}" for t in given)
    return f"""## Loading

ONNX Runtime, through the zoo (numpy and onnxruntime are all it needs):

```python
import numpy as np, zoo
vae = zoo.load("exports/{name}")
{first_use.of(m)}
```

ONNX Runtime alone:

```python
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("exports/{name}/onnx/reconstruct.onnx")
{arrays}
{answer}, = session.run(["{answer}"], {{{fed}}})
```

SavedModel, with plain TensorFlow:

```python
import tensorflow as tf
loaded = tf.saved_model.load("exports/{name}/saved_model/1")
{tensors}
{answer} = loaded.signatures["reconstruct"]({named})["{answer}"]
```

Keras, to train on or take apart:

```python
import keras, zoo.catalog
vae = keras.saving.load_model("exports/{name}/model.keras")
print(vae.encoder.summary())
```"""


def _made(tensor, zeros, full, end):
    """A line that makes a batch of one of an input: of zeros, or of what says that all is missing.

    `zeros` and `full` are calls that take a shape, a value and a dtype. Of tokens it is the empty
    string, whose first token is the `end`.
    """
    sizes = ", ".join(str(size) for size in tensor["shape"][1:])
    shape = f"(1, {sizes})" if sizes else "1"
    if tensor["name"] == TOKENS:
        made = full.format(shape, end, tensor["dtype"])
        return f"{tensor['name']} = {made}  # the end from the first step on"
    if not tensor.get("missing"):
        return f"{tensor['name']} = {zeros.format(shape, tensor['dtype'])}"
    value = 'float("nan")' if tensor["dtype"] == "float32" else "-1"
    made = full.format(shape, value, tensor["dtype"])
    return f"{tensor['name']} = {made}  # nothing is known"
