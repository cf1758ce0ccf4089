"""Is `score` an anomaly score? AUROC of a class that training never saw against all others.

Run:       python benchmarks/anomaly.py --dataset digits
           python benchmarks/anomaly.py --dataset mnist --epochs 4
           python benchmarks/anomaly.py --model hierarchical_vae --dataset mnist --epochs 4
Cost:      MNIST, 4 epochs: 33 minutes for ten classes on 2 cores that other work shared
Prints:    a markdown table; benchmarks/anomaly.md holds one

For each class: the data without it goes through a recipe, from training to the proven artifact,
whose ONNX graphs then score the whole test set, or the first `--images` of it, binarized once with
the seed. A model with groups of latents has a likelihood ratio (LLR) for each k besides. Shares
are of -ELBO: what an image costs by its kind, rather than by the detail it has. The excess is of
`zoo.runtime.Excess`, fitted to the images that the recipe held out for validation. What follows
`--` is given to the recipe: `python benchmarks/anomaly.py -- --dense 256`. Results, and the scores
of every image, are kept in the folder as they come: after an interrupt the same command goes on,
training included.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np

import zoo
from zoo.artifact.endpoints import LIKELIHOOD_RATIO
from zoo.atomic_write import whole
from zoo.errors import ZooError
from zoo.evaluation import anomaly

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
SCORES = {
    "negative_elbo": "-ELBO",
    "reconstruction": "-log p(x given z)",
    "squared_error": "squared error",
    "kl": "KL",
    "kl_share": "KL / -ELBO",
    "excess": "excess",
}
RATIO, SHARE = f"{LIKELIHOOD_RATIO}_", "share_"  # and k


def with_shares(scores):
    """Scores and, as shares of -ELBO, the KL alone and with the likelihood ratio of each k.

    Of an image of 0 and 1, whose -ELBO is above 0.
    """
    cost, shares = scores["negative_elbo"], {"kl_share": scores["kl"] / scores["negative_elbo"]}
    for name, ratio in scores.items():
        if name.startswith(RATIO):
            shares[SHARE + name.removeprefix(RATIO)] = (scores["kl"] + ratio) / cost
    return scores | shares


def options():
    """(the benchmark's options, the recipe's after `--`)."""
    own, recipe = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, recipe = own[:cut], own[cut + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--model", default="conv_vae", help="a recipe for pictures, by name")
    parser.add_argument("--dataset", default="digits", help="with labels, as the recipe takes it")
    parser.add_argument("--classes", type=int, nargs="+", help="to leave out; all unless given")
    parser.add_argument("--epochs", type=int, help="of each training; the recipe's unless given")
    parser.add_argument("--images", type=int, help="test images scored; all unless given")
    parser.add_argument("--seed", type=int, default=0, help="of training and binarization")
    parser.add_argument(
        "--folder", type=Path, help="exports/anomaly-<model>-<dataset> unless given"
    )
    return parser.parse_args(own), recipe


def train(data, label, given, recipe, folder):
    """The artifact of a model that saw no example of a class; trained unless it is there."""
    rest = zoo.datasets.leave_out(data, label)
    artifact, file = folder / f"{given.model}-{rest.name}", folder / f"{rest.name}.npz"
    if artifact.is_dir():
        return artifact
    arrays = {"x_train": rest.train.images, "x_test": rest.test.images}
    with whole(file) as stream:
        np.savez(stream, **arrays, y_train=rest.train.labels, y_test=rest.test.labels)
    # The card's log p(x) takes minutes and is not looked at here: one sample.
    chosen = ["--samples", "1", "--seed", str(given.seed), "--out", str(folder), "--resume"]
    chosen += ["--epochs", str(given.epochs)] if given.epochs is not None else []
    if rest.schema.ink:  # which arrays of pictures are not taken for
        chosen += ["--likelihood", "bernoulli", "--binarization", "dynamic"]
    command = [
        sys.executable,
        str(RECIPES / f"{given.model}.py"),
        "--dataset",
        str(file),
        *chosen,
        *recipe,
    ]
    done = subprocess.run(command, stdout=sys.stderr)
    if done.returncode:
        sys.exit(f"error: without class {label} the recipe failed; the same command goes on.")
    file.unlink()
    return artifact


def measure(data, label, artifact, given):
    """One row: AUROC by score, mean -ELBO of every class in nats, and what they rest on."""
    vae = zoo.load(artifact)
    protocol, training = vae.manifest["protocol"], vae.manifest["training"]
    test = zoo.datasets.binarize(data, protocol["binarization"], given.seed).test
    count = min(len(test), given.images or len(test))
    x = test.examples(np.arange(count))
    excess = zoo.runtime.Excess(vae, normal(data, label, vae.manifest, given))
    scores = with_shares(anomaly.scores(vae, x)) | {"excess": excess(x)}
    labels = test.labels[:count]
    with whole(artifact.parent / f"scores_without_{label}.npz") as stream:
        np.savez(stream, labels=labels, **scores)
    left_out, nats = labels == label, scores["negative_elbo"]
    return {
        "auroc": {
            name: anomaly.area(values[~left_out], values[left_out], name)
            for name, values in scores.items()
        },
        "nats": {str(c): float(nats[labels == c].mean()) for c in set(labels)},
        "normal": int(np.sum(~left_out)),
        "anomalous": int(np.sum(left_out)),
        "epochs": training["epochs"],
        "binarization": protocol["binarization"],
        "samples": vae.manifest["score_samples"],
        "elbo": vae.manifest["metrics"]["elbo"],
    }


def normal(data, label, manifest, given):
    """Pictures of the other classes that the recipe held out for validation: no weight saw them."""
    rest = zoo.datasets.leave_out(data, label)
    rest = zoo.datasets.binarize(rest, manifest["protocol"]["binarization"], given.seed)
    share = manifest["recipe"]["config"]["validation_share"]
    _, held_out = rest.train.cut(share, given.seed)
    return held_out.examples(np.arange(len(held_out)))


def kept(path, settings):
    """Rows by class of an earlier start with the same settings; an error if they differ."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text())
    if found["settings"] != settings:
        sys.exit(
            f"error: {path} holds results of {found['settings']}, and {settings} was asked for. "
            "Choose another --folder, or remove that one."
        )
    return found["rows"]


def shown(rows):
    """{score: heading} of what the rows have."""
    measured = next(iter(rows.values()))["auroc"]
    headings = {RATIO: "LLR, k={}", SHARE: "(KL + LLR) / -ELBO, k={}"}
    return SCORES | {
        name: heading.format(name.removeprefix(start))
        for start, heading in headings.items()
        for name in measured
        if name.startswith(start)
    }


def table(rows, seed):
    """The markdown table, its mean and its protocol."""
    names = shown(rows)
    yield (
        f"| class left out | test images of it | {' | '.join(names.values())} "
        "| its nats, left out | its nats, seen |"
    )
    yield "|" + "---|" * (len(names) + 4)
    for label, row in rows.items():
        values = " | ".join(f"{row['auroc'][name]:.3f}" for name in names)
        others = [other["nats"][label] for key, other in rows.items() if key != label]
        seen = f"{np.mean(others):.1f}" if others else "-"
        yield f"| {label} | {row['anomalous']:,} | {values} | {row['nats'][label]:.1f} | {seen} |"
    means = {name: np.mean([row["auroc"][name] for row in rows.values()]) for name in names}
    yield "| mean | | " + " | ".join(f"{value:.3f}" for value in means.values()) + " | | |"

    def span(key, form="{:,}"):
        values = [row[key] for row in rows.values()]
        low, high = form.format(min(values)), form.format(max(values))
        return low if low == high else f"{low} to {high}"

    drawn = {row["binarization"] for row in rows.values()}
    yield ""
    yield (
        f"AUROC on the exported ONNX graphs. {span('epochs')} epochs, {span('normal')} normal test "
        f"images, {'/'.join(sorted(drawn))} binarization, test images drawn once with seed {seed}; "
        f"`score` with K={span('samples')} posterior samples; training seed {seed}, one run a "
        f"class. Nats are the class's mean -ELBO, by the model that it was left out of and by the "
        f"mean of the others. Test ELBO of the normal images {span('elbo', '{:.1f}')} nats."
    )
    yield f"`{command()}`"


def command():
    """The command line that repeats this: all that was given but the folder."""
    words = [word for word in sys.argv[1:] if not word.startswith("--folder=")]
    if "--folder" in words:
        place = words.index("--folder")
        words = words[:place] + words[place + 2 :]
    return shlex.join(["python", "benchmarks/anomaly.py", *words])


def main():
    """Each class in turn; prints the table."""
    given, recipe = options()
    data = zoo.datasets.load(given.dataset, seed=given.seed)
    folder = given.folder or Path("exports") / f"anomaly-{given.model}-{data.name}"
    settings = {
        "model": given.model,
        "dataset": given.dataset,
        "epochs": given.epochs,
        "images": given.images,
        "seed": given.seed,
        "recipe": recipe,
    }
    rows = kept(folder / "results.json", settings)
    wanted = given.classes or zoo.datasets.classes(data)
    for label in wanted:
        zoo.datasets.leave_out(data, label)  # refuses an unknown one before hours of training
    folder.mkdir(parents=True, exist_ok=True)
    for label in wanted:
        if str(label) in rows:
            continue
        artifact = train(data, label, given, recipe, folder)
        rows[str(label)] = measure(data, label, artifact, given)
        with whole(folder / "results.json", "w") as file:
            json.dump({"settings": settings, "rows": rows}, file, indent=2)
        print(f"without {label}: {rows[str(label)]['auroc']}", file=sys.stderr, flush=True)
    print("\n".join(table({str(label): rows[str(label)] for label in wanted}, given.seed)))


if __name__ == "__main__":
    try:
        main()
    except ZooError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the same command goes on.")
