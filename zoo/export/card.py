"""README.md of an artifact: the model card, for people."""

import html

from zoo.artifact import layout, schema_in_words
from zoo.artifact.manifest import metric_in_words
from zoo.artifact.schema import IMAGE, Schema
from zoo.export import first_use, proof_in_words

TABLE = "columns.png"
FIGURES = {
    TABLE: "Columns of generated rows beside those of the data",
    "samples.png": "Decoded samples from the prior",
    "reconstructions.png": "Test images (above) and their reconstructions (below)",
    "interpolation.png": "Latent interpolation between test images",
    "latent.png": "The test set in latent space",
    "history.png": "Training",
}

NO_PICTURES = {
    "reconstructions.png": "Test examples and their reconstructions",
}
"""Of examples that are no pictures."""


def write(folder, manifest):
    """Writes the card from the manifest, so that the two cannot disagree."""
    figures = {path.name for path in (folder / layout.FIGURES).glob("*.png")}
    captions = FIGURES | ({} if manifest["schema"]["kind"] == IMAGE else NO_PICTURES)
    sections = [
        _head(manifest),
        _pictures(
            figures,
            captions,
            (TABLE if _is_table(manifest) else "samples.png", "reconstructions.png"),
        ),
        _metrics(manifest),
        _loading(manifest),
        _endpoints(manifest),
        _data(manifest),
        _training(manifest),
        _pictures(figures, captions, ("interpolation.png", "latent.png", "history.png")),
        proof_in_words.section(manifest),
    ]
    (folder / layout.CARD).write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")


def _head(m):
    return (
        f"# {m['name']}\n\n"
        f"A `{m['model']}` of the vae-zoo, trained on `{m['data']['name']}`: "
        f"{_shape(m['event_shape'])} events, {m['latent']['size']} latents"
        f"{_families(m['latent'])}, {m['likelihood']} likelihood, {m['parameters']:,} parameters. "
        f"Licence of the model's code: {m['licence']}. The weights were learned from data under a "
        "licence of its own, stated below."
    )


def _families(latent):
    if "prior" not in latent:
        return " without a distribution of their own"
    if "codes" in latent:
        return (
            f", each one of {latent['codes']} codes that stand for vectors of "
            f"{latent['dimension']} values, with an {latent['prior']} prior"
        )
    return f" with a {latent['posterior']} posterior and a {latent['prior']} prior"


def _pictures(figures, captions, names):
    return "\n\n".join(
        f"![{captions[name]}]({layout.FIGURES}/{name})\n\n*{captions[name]}*"
        for name in names
        if name in figures
    )


def _metrics(m):
    rows = [f"| {name} | {metric_in_words(name, value)} |" for name, value in m["metrics"].items()]
    terms = "`reconstruction` = -log p(x given z),"
    if "nll" in m["metrics"]:
        sampled = m["protocol"]["elbo_samples"] is not None
        nll = "-log p(x)" if sampled else "-`elbo`, a bound on -log p(x) from above"
        terms = f"`elbo` = -(`reconstruction` + `kl`), `nll` = {nll},"
    if "bits_per_dimension" in m["metrics"]:
        terms += " which `bits_per_dimension` gives in bits a value,"
    use = ""
    if "perplexity" in m["metrics"]:
        use = (
            f" `perplexity` is the exponential of the entropy of the {m['latent']['codes']} codes' "
            "frequencies, `codes_used` how many of them occur."
        )
    # An artifact of an earlier version was compared with none.
    against = "".join(f"\n\n{sentence}" for sentence in m["protocol"].get("baselines", ()))
    return (
        f"## Metrics\n\n{_warnings(m)}| metric | value |\n|---|---|\n" + "\n".join(rows) + "\n\n"
        f"On {m['protocol']['statement']}. {terms} in nats per example, averaged over the test set."
        f"{use}{_sample_quality(m)}{against}"
    )


def _sample_quality(m):
    return "".join(f"\n\n{how['statement']}." for how in m["protocol"].get("sample_quality", ()))


def _warnings(m):
    return "".join(f"**Warning:** {sentence}\n\n" for sentence in m["warnings"])


def _loading(m):
    name = m["name"]
    endpoint = m["endpoints"]["reconstruct"]
    given, answer = endpoint["inputs"], endpoint["outputs"][0]["name"]
    arrays = "\n".join(_made(t, "np.zeros({}, np.{})", "np.full({}, {}, np.{})") for t in given)
    tensors = "\n".join(_made(t, "tf.zeros({}, tf.{})", "tf.fill({}, {})") for t in given)
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


def _is_table(m):
    return bool(m["schema"].get("columns"))


def _made(tensor, zeros, full):
    """A line that makes a batch of one of an input: of zeros, or of what says that all is missing.

    `zeros` and `full` are calls that take a shape, a value and a dtype.
    """
    sizes = ", ".join(str(size) for size in tensor["shape"][1:])
    shape = f"(1, {sizes})" if sizes else "1"
    if not tensor.get("missing"):
        return f"{tensor['name']} = {zeros.format(shape, tensor['dtype'])}"
    value = 'float("nan")' if tensor["dtype"] == "float32" else "-1"
    made = full.format(shape, value, tensor["dtype"])
    return f"{tensor['name']} = {made}  # nothing is known"


def _endpoints(m):
    def side(tensors):
        return ", ".join(f"`{t['name']}` {t['dtype']} {_shape(t['shape'])}" for t in tensors)

    rows = [
        f"| `{name}` | {side(e['inputs'])} | {side(e['outputs'])} |"
        for name, e in m["endpoints"].items()
    ]
    return (
        "## Endpoints\n\n| endpoint | inputs | outputs |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
        + _notes(m)
    )


def _notes(m):
    if "generate" not in m["endpoints"]:
        return "There is no prior, hence no `generate`; `reconstruction` is an anomaly score."
    if "codes" in m["latent"]:
        return (
            "Row i of `generate` depends on seed[i] alone; its noise has the same bits in every "
            "runtime. Where a code hangs on the last digits of a probability it may differ between "
            "runtimes, and so may those drawn after it; those of `encode` may, where two codes are "
            "equally near. `score` is exact; -`elbo` is an anomaly score."
        )
    feedback = ""
    if m["autoregressive"]:
        feedback = (
            "The decoder feeds back each step it draws or, in `decode` and `reconstruct`, finds "
            "likeliest: where a binary step hangs on the last digits of a probability, it and the "
            "steps after it may differ between runtimes. "
        )
    same = "`z` has the same bits in every runtime"
    if not m["latent"]["exact_bits"]:
        same = (
            "the noise that `z` is made of has the same bits in every runtime, `z` itself is "
            "computed and rounded"
        )
    return (
        f"Row i of `generate` depends on seed[i] alone; {same}. "
        f"{feedback}`score` averages over {m['score_samples']} fixed noise draws; -`elbo` is an "
        "anomaly score."
    )


def _example(schema):
    """What an example is."""
    return _plain(" ".join(schema_in_words.sentences(schema)))


def _plain(text):
    """A word of somebody's data may hold what Markdown takes for HTML, or a file's name a line."""
    return html.escape(" ".join(text.split()), quote=False)


def _data(m):
    data, schema = m["data"], Schema.from_json(m["schema"])
    noted = "".join(f"\n- {_plain(each)}" for each in data.get("notes", ()))
    return (
        f"## Data\n\n{data['source']}\n\nLicence of the data: {data['licence']}. "
        f"{data['train']:,} training, {data['validation']:,} validation and {data['test']:,} test "
        f"examples. {_example(schema)} {data['test_split']} {_seen(m)}"
        + (f"\n\nIn loading it was settled:\n{noted}" if noted else "")
    )


def _seen(m):
    tuned = m["training"].get("tuned_from")
    if "best_epoch" in m["training"] and tuned:
        return (
            "This training never saw a test example; what the model saw before, as "
            f"`{tuned['name']}`, is on that artifact's card."
        )
    if "best_epoch" in m["training"]:
        return (
            "Training never saw a test example; the validation split was cut from the training "
            "data."
        )
    return (
        "The zoo did not see the training: that it never saw a test example is for whoever "
        "trained the model to say."
    )


def _training(m):
    t, versions = m["training"], _versions(m["training"].get("versions", m["versions"]))
    again = ""
    if "republished" in m:
        again = (
            f" The files were written anew from `{layout.KERAS}` on {m['republished'][:10]}, by "
            f"{_versions(m['versions'])}; the model and its metrics are as they were."
        )
    told = [_command(m), _tuned(t), _epochs(t), f"Versions: {versions}.{again}"]
    return "## Training\n\n" + "\n\n".join(filter(None, told))


def _tuned(t):
    if "tuned_from" not in t:
        return ""
    earlier = t["tuned_from"]
    return (
        f"The model was not a new one: it is that of the artifact `{earlier['name']}`, trained on. "
        f"sha256 of its `{layout.KERAS}`: `{earlier['model_sha256']}`; of its manifest: "
        f"`{earlier['manifest_sha256']}`."
    )


def _command(m):
    command = m["recipe"]["command"]
    return f"```\n{command}\n```" if command else "By a program in Python, without a recipe."


def _epochs(t):
    where = f"{t['hardware']}, Keras backend {t['backend']}"
    evaluation = f"{t['evaluation_seconds'] / 60:.1f} minutes"
    if "best_epoch" in t:
        return (
            f"{t['epochs']} epochs in {t['seconds'] / 60:.1f} minutes (evaluation {evaluation}) "
            f"on {where}; the weights are those of epoch {t['best_epoch']}, the best on the "
            "validation split. Every option is in `manifest.json`, every epoch in `history.csv`."
        )
    known = "How it was trained is not known."
    if t["epochs"]:
        known = (
            f"Its last training were {t['epochs']} epochs of Keras's `fit`, in `history.csv`; the "
            "weights are those that it ended with, or what became of them."
        )
    return f"{known} Evaluated in {evaluation} on {where}."


def _versions(versions):
    return ", ".join(f"{library} {version}" for library, version in versions.items())


def _shape(shape):
    return "[" + ", ".join(str(n) for n in shape) + "]"
