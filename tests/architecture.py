"""The rooms of the house, what each holds and what it may import: the one place that says so.

Run:       make index    (writes the table of CONTRIBUTING.md)
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- rooms: begin -->\n", "<!-- rooms: end -->"

# From the bottom up: room -> (what it holds, the rooms it may import).
ROOMS = {
    "errors": ("errors that a person can act on; standard library only", ()),
    "atomic_write": ("files and folders written whole or not at all; standard library only", ()),
    "artifact": (
        "the contract as data: endpoints, tolerances, layout, schema, manifest, checksums; "
        "standard library only",
        ("errors",),
    ),
    "runtime": (
        "loads, calls, verifies and times artifacts; numpy and onnxruntime only",
        ("artifact", "errors"),
    ),
    "provenance": (
        "what a model was made on: backend, machine, versions of libraries",
        (),
    ),
    "deploy": (
        "from an artifact to a model server's folder",
        ("artifact", "atomic_write", "errors", "runtime"),
    ),
    "explorer": (
        "from artifacts to a page whose graphs run in the browser; its sources in `web/`",
        ("artifact", "deploy", "errors", "runtime"),
    ),
    "serve": (
        "artifacts over HTTP: the Open Inference Protocol, the words of the schema, the explorer",
        ("artifact", "atomic_write", "errors", "explorer", "runtime"),
    ),
    "noise": ("seeded counter-based noise, the same bits everywhere", ("errors",)),
    "distributions": (
        "densities, samplers, KL: pure functions on `keras.ops`, their numerics beside them",
        ("errors",),
    ),
    "schedules": ("weights that depend on the training step", ("errors",)),
    "objectives": (
        "what is done with the terms of the bound",
        ("distributions", "errors", "schedules"),
    ),
    "recurrent_cells": (
        "LSTM and GRU cells in float64, for what feeds back its own choices",
        (),
    ),
    "latents": (
        "what lies between an encoder and a decoder: `Flat`, `TopDown`, `Codes`; their parts",
        ("distributions", "errors", "noise", "recurrent_cells", "schedules"),
    ),
    "likelihoods": (
        "what a decoder's raw output means, one likelihood a file",
        ("artifact", "distributions", "errors", "noise"),
    ),
    "networks": ("encoders and decoders, one family a file", ("errors", "recurrent_cells")),
    "models": (
        "`VAE` and `Autoencoder`: they hold the parts together and know no family",
        ("artifact", "distributions", "errors", "latents", "likelihoods", "noise", "objectives"),
    ),
    "catalog": (
        "named models, every number visible",
        ("errors", "latents", "likelihoods", "models", "networks", "objectives", "schedules"),
    ),
    "datasets": (
        "a loader a source; schemas, splits, binarization, augmentation, batches",
        ("artifact", "atomic_write", "errors", "noise"),
    ),
    "training": (
        "`fit`, checkpoints, optimizer, devices; receives a model",
        ("atomic_write", "errors", "provenance"),
    ),
    "evaluation": (
        "nats, baselines, figures, sample quality, the latent space, verdicts; receives a model",
        ("artifact", "atomic_write", "datasets", "distributions", "errors", "noise"),
    ),
    "export": (
        "from a model to a proven artifact, one format a file; with `datasets` the one room that "
        "names TensorFlow",
        (
            "artifact",
            "atomic_write",
            "distributions",
            "errors",
            "noise",
            "provenance",
            "runtime",
        ),
    ),
    "recipe": (
        "`fit`, `evaluate`, `publish`: the road from data to artifact; what recipes share: options",
        (
            "artifact",
            "atomic_write",
            "catalog",
            "datasets",
            "errors",
            "evaluation",
            "export",
            "likelihoods",
            "networks",
            "objectives",
            "schedules",
            "training",
        ),
    ),
    "command_line": (
        "the command `zoo`: parses and prints, nothing else",
        (
            "artifact",
            "atomic_write",
            "catalog",
            "datasets",
            "deploy",
            "errors",
            "explorer",
            "export",
            "recipe",
            "runtime",
            "serve",
        ),
    ),
    "__main__": ("`python -m zoo`", ("command_line",)),
}


def table():
    """The rooms as Markdown."""
    lines = ["| room | what it holds | may import from the zoo |", "|---|---|---|"]
    for room, (holds, allowed) in ROOMS.items():
        place = f"zoo/{room}/" if (ROOT / "zoo" / room).is_dir() else f"zoo/{room}.py"
        lines.append(f"| `{place}` | {holds} | {', '.join(sorted(allowed)) or 'nothing'} |")
    return "\n".join(lines) + "\n"


def written():
    """CONTRIBUTING.md with the table of today between its marks."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + table() + END + tail


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
