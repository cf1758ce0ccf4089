"""README.md of an artifact: the model card, for people."""

import html

from zoo.artifact import layout, schema_in_words
from zoo.artifact.schema import Schema
from zoo.export import proof_in_words

FIGURES = {
    "samples.png": "Decoded samples from the prior",
    "reconstructions.png": "Test images (above) and their reconstructions (below)",
    "interpolation.png": "Latent interpolation between test images",
    "latent.png": "The test set in latent space",
    "history.png": "Training",
}


def write(folder, manifest):
    """Writes the card from the manifest, so that the two cannot disagree."""
    figures = {path.name for path in (folder / layout.FIGURES).glob("*.png")}
    sections = [
        _head(manifest),
        _pictures(figures, ("samples.png", "reconstructions.png")),
        _metrics(manifest),
        _loading(manifest),
        _endpoints(manifest),
        _data(manifest),
        _training(manifest),
        _pictures(figures, ("interpolation.png", "latent.png", "history.png")),
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


def _pictures(figures, names):
    return "\n\n".join(
        f"![{FIGURES[name]}]({layout.FIGURES}/{name})\n\n*{FIGURES[name]}*"
        for name in names
        if name in figures
    )


def _metrics(m):
    rows = [f"| {name} | {_metric(value)} |" for name, value in m["metrics"].items()]
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
    return (
        f"## Metrics\n\n{_warnings(m)}| metric | value |\n|---|---|\n" + "\n".join(rows) + "\n\n"
        f"On {m['protocol']['statement']}. {terms} in nats per example, averaged over the test set."
        f"{use}"
    )


def _metric(value):
    if value is None:
        return "not finite"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _warnings(m):
    return "".join(f"**Warning:** {sentence}\n\n" for sentence in m["warnings"])


def _loading(m):
    name, example = m["name"], ", ".join(str(n) for n in m["event_shape"])
    besides = [t["name"] for t in m["endpoints"]["reconstruct"]["inputs"][1:]]
    arrays = "".join(f"\n{b} = np.zeros(1, np.int32)" for b in besides)
    tensors = "".join(f"\n{b} = tf.zeros(1, tf.int32)" for b in besides)
    fed = "".join(f', "{b}": {b}' for b in besides)
    named = "".join(f", {b}={b}" for b in besides)
    ones = ", [1, 1, 1]" * len(besides)
    first = f"images = vae.generate([1, 2, 3]{ones}).x_mean  # float32 [3, {example}]"
    if any(tensor["name"] == "strokes" for tensor in m["endpoints"]["decode"]["outputs"]):
        first = f"drawings = vae.generate([1, 2, 3]{ones}).strokes  # float32 [3, {example}]"
    if "generate" not in m["endpoints"]:
        first = f"z = vae.encode(np.zeros((1, {example}), np.float32)).z"
    return f"""## Loading

ONNX Runtime, through the zoo (numpy and onnxruntime are all it needs):

```python
import html
import numpy as np, zoo
vae = zoo.load("exports/{name}")
{first}
```

ONNX Runtime alone:

```python
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("exports/{name}/onnx/reconstruct.onnx")
x = np.zeros((1, {example}), np.float32){arrays}
x_mean, = session.run(["x_mean"], {{"x": x{fed}}})
```

SavedModel, with plain TensorFlow:

```python
import tensorflow as tf
loaded = tf.saved_model.load("exports/{name}/saved_model/1")
x = tf.zeros((1, {example})){tensors}
x_mean = loaded.signatures["reconstruct"](x=x{named})["x_mean"]
```

Keras, to train on or take apart:

```python
import keras, zoo.catalog
vae = keras.saving.load_model("exports/{name}/model.keras")
print(vae.encoder.summary())
```"""


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
    """What an example is; a word of somebody's data may hold what Markdown takes for HTML."""
    return html.escape(" ".join(schema_in_words.sentences(schema)), quote=False)


def _data(m):
    data, schema = m["data"], Schema.from_json(m["schema"])
    return (
        f"## Data\n\n{data['source']}\n\nLicence of the data: {data['licence']}. "
        f"{data['train']:,} training, {data['validation']:,} validation and {data['test']:,} test "
        f"examples. {_example(schema)} {data['test_split']} "
        "Training never saw a test example; the validation split was cut from the training data."
    )


def _training(m):
    t, versions = m["training"], _versions(m["training"].get("versions", m["versions"]))
    again = ""
    if "republished" in m:
        again = (
            f" The files were written anew from `{layout.KERAS}` on {m['republished'][:10]}, by "
            f"{_versions(m['versions'])}; the model and its metrics are as they were."
        )
    return (
        f"## Training\n\n```\n{m['recipe']['command']}\n```\n\n"
        f"{t['epochs']} epochs in {t['seconds'] / 60:.1f} minutes (evaluation "
        f"{t['evaluation_seconds'] / 60:.1f} minutes) on {t['hardware']}, Keras backend "
        f"{t['backend']}; the weights are those of epoch {t['best_epoch']}, the best on the "
        f"validation split. Every option is in `manifest.json`, every epoch in `history.csv`.\n\n"
        f"Versions: {versions}.{again}"
    )


def _versions(versions):
    return ", ".join(f"{library} {version}" for library, version in versions.items())


def _shape(shape):
    return "[" + ", ".join(str(n) for n in shape) + "]"
