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
        heads = [*columns.values(), *(f"{shown}: {JUDGED}" for shown in sources.values())]
        rows = [f"| {latent} latents | " + " | ".join(heads) + " |"]
        rows.append("|---" * (len(heads) + 1) + "|")
        for kind, shown in names.items():
            found = values[f"{kind}-{latent}"]
            cells = [cell(name, found.get(name)) for name in columns]
            cells += [judged(found, source) for source in sources]
            rows.append(f"| {shown} | " + " | ".join(cells) + " |")
        n = values[f"n-{latent}"]
        blocks.append(f"n={n:,} test images, {neighbours} neighbours:\n\n" + "\n".join(rows))
    rows = ["| judged | accepted |", "|---|---|"]
    rows += [f"| {name} | {value:.1%} |" for name, value in values["controls"].items()]
    blocks.append("\n".join(rows))
    if given.capacities:
        rows = [
            "| units | parameters | "
            + " | ".join(
                f"{names[kind]}, {part}"
                for kind in ("ae", "vae")
                for part in ("train", "test", "gap")
            )
            + " |",
            "|---" * 8 + "|",
        ]
        for units in given.capacities:
            found = [values[f"memorise-{kind}-{units}"] for kind in ("ae", "vae")]
            cells = [f"{f[f'error_{p}']:.1f}" for f in found for p in ("train", "test", "gap")]
            rows.append(f"| {units} | {found[0]['parameters']:,} | " + " | ".join(cells) + " |")
        blocks.append(
            f"{memorised:,} training and {tested:,} test images, nats:\n\n" + "\n".join(rows)
        )
    return "\n\n".join(blocks) + "\n"


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
