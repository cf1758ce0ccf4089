"""What a card says of the training: the command, the time it took, the versions."""

from zoo.artifact import layout


def section(m):
    """The section, of a manifest."""
    t, versions = m["training"], _versions(m["training"].get("versions", m["versions"]))
    again = ""
    if "republished" in m:
        again = (
            f" The files were written anew from `{layout.KERAS}` on {m['republished'][:10]}, by "
            f"{_versions(m['versions'])}; the model and its metrics are as they were."
        )
    ema = m["recipe"]["config"].get("ema")
    told = [_command(m), _tuned(t), _epochs(t, ema), f"Versions: {versions}.{again}"]
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


def _epochs(t, ema):
    where = f"{t['hardware']}, Keras backend {t['backend']}"
    evaluation = f"{t['evaluation_seconds'] / 60:.1f} minutes"
    if "best_epoch" in t:
        kept = f"their moving averages (decay {ema:g}) at the end" if ema else "those"
        return (
            f"{t['epochs']} epochs in {t['seconds'] / 60:.1f} minutes (evaluation {evaluation}) "
            f"on {where}; the weights are {kept} of epoch {t['best_epoch']}, the best on the "
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
