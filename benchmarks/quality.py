"""Test log-likelihood of artifacts, beside published figures and the protocol of each.

Run:       python benchmarks/quality.py exports/*-mnist
           python benchmarks/quality.py exports/dense_vae-mnist --samples 5000
Needs:     pip install -c constraints.txt -e ".[train]"
Prints:    two markdown tables; benchmarks/quality.md keeps them

Without --samples, nats are those that the recipe measured and the manifest states, with K, n,
binarization and seeds. With it, `model.keras` is read back and log p(x) estimated anew with that
many importance samples, on the artifact's own test images and binarization, which the manifest
names; the dataset is found as recipes find it. What is already done is kept in --keep, and an
interrupted evaluation goes on there.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

import paired

BURDA = "Burda et al. 2016, as quoted at github.com/nbip/IWAE; protocol: github.com/yburda/iwae"
NBIP = "github.com/nbip/IWAE (README)"
XQDING = "github.com/xqding/Importance_Weighted_Autoencoders (README)"
PYTHAE = "pythae's model card huggingface.co/clementchadebec/reproduced_"
NVAE = "Vahdat & Kautz 2020; protocol: github.com/NVlabs/NVAE (README)"
ANEW = "binarized anew at each visit; K=5000; 3,280 epochs"
FIXED = "binarized once"
PUBLISHED = (
    ("VAE, 50 latents", 86.76, ANEW, BURDA),
    ("VAE, 50 latents", 86.35, ANEW, NBIP),
    ("VAE, 50 latents", 87.78, "binarization not stated; K=5000", XQDING),
    ("VAE", 89.78, f"{FIXED}; K=200", PYTHAE + "vae"),
    ("IWAE, 50 latents, k=5", 85.54, ANEW, BURDA),
    ("IWAE, 50 latents, k=5", 85.18, ANEW, NBIP),
    ("IWAE, 50 latents, k=5, DReG gradient", 84.90, ANEW, NBIP),
    ("IWAE, k=5", 87.85, f"{FIXED}; K=5000", PYTHAE + "iwae"),
    ("IWAE, 50 latents, k=50", 84.78, ANEW, BURDA),
    ("IWAE, 50 latents, k=50", 84.59, "binarization not stated; K=5000", XQDING),
    ("VampPrior, 500 pseudo-inputs", 85.79, f"{FIXED}; K=5000", PYTHAE + "vamp"),
    ("VAE given the label, k=1", 82.32, ANEW, NBIP),
    ("NVAE, 20 groups", 78.01, "binarized anew at each visit; K=1000; 400 epochs", NVAE),
    (
        "Efficient-VDVAE",
        79.09,
        "the bound, K=1",
        "github.com/Rayhane-mamah/Efficient-VDVAE (README)",
    ),
)
"""(model, -log p(x) of MNIST's test images in nats, protocol, where it was read)."""


def evaluated(folder, manifest, samples, keep):
    """The metrics and protocol of an artifact, importance-sampled anew."""
    import keras

    import zoo.catalog  # the classes that model.keras names
    from zoo import evaluation

    stated, config = manifest["protocol"], manifest["recipe"]["config"]
    data = zoo.datasets.load(config["dataset"], seed=config["seed"])
    data = zoo.datasets.binarize(data, stated["binarization"], stated["binarization_seed"])
    model = keras.saving.load_model(folder / "model.keras")
    keep = keep / f"{folder.name}-{samples}"
    keep.mkdir(parents=True, exist_ok=True)
    report = evaluation.report(
        model, data, stated["seed"], samples, stated["elbo_samples"], folder=keep
    )
    return report.metrics, report.protocol


def row(folder, samples, keep):
    """A row of the table of an artifact; None of one without a bound on log p(x)."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    metrics, protocol = manifest["metrics"], manifest["protocol"]
    if "nll" not in metrics:
        return None
    if samples is not None and protocol["elbo_samples"] is not None:
        metrics, protocol = evaluated(folder, manifest, samples, keep)
    exact = protocol["elbo_samples"] is None
    drawn = f"{protocol['binarization']}, drawn once, seed {protocol['binarization_seed']}"
    return [
        f"`{folder.name}`",
        f"{manifest['parameters']:,}",
        f"{metrics['nll']:.2f}",
        f"{metrics['elbo']:.2f}",
        "exact" if exact else f"{protocol['K']:,}",
        f"{protocol['n']:,}",
        drawn,
    ]


def main():
    """Prints the artifacts' table and that of what was published."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, help="K, evaluated anew")
    parser.add_argument(
        "--keep", type=Path, default=Path("build/quality"), help="of unfinished work"
    )
    given = parser.parse_args()
    rows = [row(folder, given.samples, given.keep) for folder in given.artifacts]
    print(f"`{shlex.join(['python', 'benchmarks/quality.py', *sys.argv[1:]])}`\n")
    print(paired.machine("keras", "numpy") + "\n")
    head = ["artifact", "parameters", "NLL", "ELBO", "K", "n", "binarization"]
    print(paired.table(head, [each for each in rows if each]))
    print()
    published = [[name, f"{nll:.2f}", how, where] for name, nll, how, where in PUBLISHED]
    print(paired.table(["published", "NLL", "protocol", "read at"], published))


if __name__ == "__main__":
    main()
