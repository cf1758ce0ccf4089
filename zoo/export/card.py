"""README.md of an artifact: the model card, for people."""

from zoo.artifact import layout
from zoo.artifact.schema import IMAGE, TOKENS
from zoo.export import (
    data_in_words,
    endpoints_in_words,
    loading_in_words,
    metrics_in_words,
    proof_in_words,
    training_in_words,
)

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

STRINGS = {
    "samples.png": "Generated strings",
    "reconstructions.png": "Test strings (left) and their reconstructions (right)",
    "interpolation.png": "Latent interpolation between test strings",
}
"""Of strings, molecules among them."""

CAPTIONS = {IMAGE: {}, TOKENS: STRINGS}
"""kind -> what differs from `FIGURES`; of others `NO_PICTURES`."""


def write(folder, manifest):
    """Writes the card from the manifest, so that the two cannot disagree."""
    figures = {path.name for path in (folder / layout.FIGURES).glob("*.png")}
    captions = FIGURES | CAPTIONS.get(manifest["schema"]["kind"], NO_PICTURES)
    sections = [
        _head(manifest),
        _pictures(
            figures,
            captions,
            (TABLE if _is_table(manifest) else "samples.png", "reconstructions.png"),
        ),
        metrics_in_words.section(manifest),
        loading_in_words.section(manifest),
        endpoints_in_words.section(manifest),
        data_in_words.section(manifest),
        training_in_words.section(manifest),
        _pictures(figures, captions, ("interpolation.png", "latent.png", "history.png")),
        proof_in_words.section(manifest),
    ]
    (folder / layout.CARD).write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")


def _head(m):
    return (
        f"# {m['name']}\n\n"
        f"A `{m['model']}` of the vae-zoo, trained on `{m['data']['name']}`: "
        f"{endpoints_in_words.shape(m['event_shape'])} events, {m['latent']['size']} latents"
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


def _is_table(m):
    return bool(m["schema"].get("columns"))
