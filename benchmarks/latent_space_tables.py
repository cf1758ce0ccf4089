"""The tables of `latent_space.py` as markdown."""

JUDGED = "accepted, far, classes"


def tables(values, given, names, neighbours, memorised, tested):
    """The results as markdown."""
    blocks = []
    for latent in given.latents:
        columns = {
            "trustworthiness": "trustworthiness",
            "continuity": "continuity",
            "step_change": "step change",
            "largest_step": "largest step",
            "squared_error": "squared error",
        }
        sources = {
            "standard": "N(0, I)",
            "fitted": "fitted normal",
            "midpoints": "midpoints",
            "reconstructed": "reconstructions",
        }
        found = {shown: values[f"{kind}-{latent}"] for kind, shown in names.items()}
        n = values[f"n-{latent}"]
        blocks.append(f"{latent} latents, n={n:,} test images, {neighbours} neighbours:")
        blocks.append(
            table(
                ["", *columns.values()],
                [[k, *(cell(c, v.get(c)) for c in columns)] for k, v in found.items()],
            )
        )
        blocks.append(f"{latent} latents, share accepted, share far and classes of")
        blocks.append(
            table(
                ["", *sources.values()],
                [[k, *(judged(v, source) for source in sources)] for k, v in found.items()],
            )
        )
    shares = [[name, f"{value:.1%}"] for name, value in values["controls"].items()]
    blocks.append(table(["judged", "accepted"], shares))
    if given.capacities:
        parts = [(kind, part) for kind in ("ae", "vae") for part in ("train", "test", "gap")]
        rows = []
        for units in given.capacities:
            of = {kind: values[f"memorise-{kind}-{units}"] for kind in ("ae", "vae")}
            errors = [f"{of[kind][f'error_{part}']:.1f}" for kind, part in parts]
            rows.append([str(units), f"{of['ae']['parameters']:,}", *errors])
        heads = ["units", "parameters", *(f"{names[kind]}, {part}" for kind, part in parts)]
        blocks.append(f"Errors on {memorised:,} training and {tested:,} test images, nats:")
        blocks.append(table(heads, rows))
    return "\n\n".join(blocks) + "\n"


def table(heads, rows):
    """Cells as a markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(name, value):
    """A figure as it is printed; a dash for what a method does not have."""
    if value is None:
        return "-"
    return f"{value:.3f}" if name in ("trustworthiness", "continuity") else f"{value:.2f}"


def judged(found, source):
    """The judge's figures of one source of samples; a dash where nothing can be decoded."""
    if f"accepted_{source}" not in found:
        return "-"
    accepted, far, classes = (found[f"{name}_{source}"] for name in ("accepted", "far", "classes"))
    return f"{accepted:.1%}, {far:.1%}, {classes:.1f}"
