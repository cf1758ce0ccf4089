"""The VAE of tables beside independent columns, a mixture of normals and an imputer.

Run:       python benchmarks/tables.py --out tables
Prints:    two markdown tables, which benchmarks/tables.md keeps; each row as soon as it is measured

Three of scikit-learn's tables, and one of 50,000 rows that is drawn from a known law, with columns
of every type and a tenth of all values missing (`benchmarks/tables_drawn.py`). The VAE is trained
with the defaults of `recipes/table_vae.py`; its NLL is that of importance sampling. The peers are
described in `benchmarks/tables_peers.py`. Imputation: a fifth of the known values of the first
2,000 test rows is hidden; the error of numbers is in their standardised units.
"""

import argparse
import dataclasses
import shlex
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import paired
import tables_drawn
import tables_peers

import zoo
from zoo.datasets import binarize
from zoo.evaluation import imputation, latent
from zoo.recipe import configuration, options

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "recipes"))

NAMES = ("wine", "diabetes", "breast_cancer", "drawn")


def trained(data, given, folder):
    """(model, its report, seconds of training) by the defaults of the recipe."""
    import table_vae

    config = table_vae.Config(seed=given.seed, epochs=given.epochs, samples=given.samples)
    if given.hidden is not None:
        config = dataclasses.replace(config, hidden=given.hidden)
    zoo.training.seed_everything(given.seed)
    model = zoo.catalog.build(
        "table_vae",
        data.event_shape,
        **options.of_model(config) | {"likelihood": zoo.likelihoods.of_schema("auto", data.schema)},
    )
    run = zoo.training.fit(model, data, configuration.settings_of(config), folder, restart=True)
    means = latent.posterior_means(model, data.test)
    zoo.evaluation.draw(model, data, run.history, means, folder, given.seed)
    test = data if len(data.test) <= given.most else _cut(data, given.most)
    return model, zoo.evaluation.report(model, test, given.seed, given.samples), run.seconds


def _cut(data, most):
    return dataclasses.replace(data, test=data.test.subset(slice(0, most)))


def row(name, given, folder):
    """Two rows: NLLs, and errors of imputation."""
    began = time.perf_counter()
    loaded = tables_drawn.data(seed=given.seed) if name == "drawn" else zoo.datasets.load(name)
    data = binarize(loaded, "none", given.seed)
    model, report, seconds = trained(data, given, folder)
    test = data if len(data.test) <= given.most else _cut(data, given.most)
    table = tables_peers.Table(test, model)
    mixture, components = tables_peers.mixture(table, given.seed)
    true = f"{tables_drawn.true_nll(test, given.most):.2f}" if name == "drawn" else "-"
    found = report.metrics
    nats = [
        name,
        f"{len(data.train):,} x {len(data.schema.columns)}",
        f"{tables_peers.independent(table):.2f}",
        f"{mixture:.2f} ({components})",
        f"{found['nll']:.2f}",
        true,
        f"{found['active_units']} of {model.latent}",
        f"{seconds:.0f}",
    ]
    x = test.test.examples(np.arange(min(imputation.ROWS, len(test.test))))
    gone = imputation.hidden(x, given.seed)
    filled = tables_peers.iterative(table, gone, given.seed)
    wanted, numbers = table.test[: len(gone)], table.numbers
    of_number, of_word = gone.copy(), gone.copy()
    of_number[:, numbers:] = of_word[:, :numbers] = False
    right = np.mean(np.abs(filled - wanted)[of_word] < 0.5)
    errors = [
        name,
        f"{found['imputation_rmse_of_means']:.2f}",
        f"{imputation.root_mean_square((filled - wanted)[of_number]):.2f}",
        f"{found['imputation_rmse']:.2f}",
        f"{of_word.sum():,}",
        f"{found['imputation_accuracy_of_modes']:.2f}",
        f"{right:.2f}",
        f"{found['imputation_accuracy']:.2f}",
    ]
    print(f"{name}: {time.perf_counter() - began:.0f} s in all", file=sys.stderr, flush=True)
    return nats, errors


def main():
    """Measures a table after another and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--epochs", type=int, help="of the VAE; the recipe's unless given")
    parser.add_argument("--hidden", type=float, help="share hidden; the recipe's unless given")
    parser.add_argument("--samples", type=int, default=500, help="K of the NLL")
    parser.add_argument("--most", type=int, default=2000, help="test rows that are looked at")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a folder for the figures; none unless given")
    given = parser.parse_args()
    nats, errors = [], []
    for name in given.names:
        with tempfile.TemporaryDirectory() as scratch:
            folder = given.out / name if given.out else Path(scratch)
            for rows, cells in zip((nats, errors), row(name, given, folder), strict=True):
                rows.append(cells)
                print(cells, file=sys.stderr, flush=True)
    print(f"`{shlex.join(['python', 'benchmarks/tables.py', *sys.argv[1:]])}`\n")
    print(
        f"K={given.samples} importance samples, at most {given.most:,} test rows. "
        f"{paired.machine('tensorflow', 'keras', 'scikit-learn')}\n"
    )
    head = ["table", "training rows x columns", "independent columns"]
    head += ["mixture of normals (components)", "VAE", "the law itself", "active", "s"]
    print("NLL of the test rows, nats:\n", paired.table(head, nats), sep="\n")
    head = ["table", "rmse of means", "of IterativeImputer", "of the VAE", "words hidden"]
    head += ["accuracy of modes", "of IterativeImputer", "of the VAE"]
    print("\nImputation:\n", paired.table(head, errors), sep="\n")


if __name__ == "__main__":
    main()
