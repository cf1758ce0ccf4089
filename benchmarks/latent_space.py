"""The latent space of a plain autoencoder against a VAE's, PCA's and t-SNE's, and memorisation.

Run:       python benchmarks/latent_space.py --dataset digits
           python benchmarks/latent_space.py --dataset mnist --epochs 8 --images 2000 \\
               --memorise-epochs 100
Writes:    tables.md, results.json and figures into --out; docs/latent_space.md explains them

Everything is given the same grey values: the networks train on the cross-entropy with them, PCA is
fitted to the same training images, and t-SNE, which maps no new image, to the test images
themselves. Autoencoder and VAE are `zoo.catalog`'s dense ones of equal widths and training.

Restartable: networks are checkpointed and figures kept as they come, so that the same command goes
on where it was. Another command wants another --out.
"""

import argparse
import dataclasses
import functools
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import latent_space_figures as figures
import latent_space_tables
import numpy as np

from zoo.atomic_write import whole
from zoo.errors import InputError, ZooError

EXACT = 1000  # test images that t-SNE takes to more than 3 axes, where its time grows with n^2
NEIGHBOURS = 10
NAMES = {"ae": "autoencoder", "vae": "VAE", "pca": "PCA", "tsne": "t-SNE"}


@dataclass(frozen=True)
class Space:
    """A latent space: codes of training and test images, and a decoder; t-SNE has codes alone."""

    codes: np.ndarray
    train_codes: np.ndarray | None = None
    decode: object = None


class Kept:
    """Results by name in a json file, each computed once."""

    def __init__(self, path, options):
        self.path = path
        self.values = json.loads(path.read_text()) if path.exists() else {"options": options}
        if self.values["options"] != options:
            raise InputError(
                f"{path} holds results of {self.values['options']}; asked for were {options}. "
                "Give another --out, or remove that folder."
            )

    def once(self, name, compute):
        """The value of that name, computed and written unless it is there."""
        if name not in self.values:
            print(name, file=sys.stderr, flush=True)
            self.values[name] = compute()
            with whole(self.path, "w") as file:
                json.dump(self.values, file, indent=1)
        return self.values[name]


def trained(kind, latent, data, given):
    """The catalog's dense_ae or dense_vae, trained or taken up again from its checkpoint."""
    import zoo

    zoo.training.seed_everything(given.seed)
    model = zoo.catalog.build(f"dense_{kind}", data.event_shape, latent=latent, units=given.units)
    settings = zoo.training.Settings(epochs=given.epochs, patience=0, seed=given.seed)
    zoo.training.fit(model, data, settings, given.out / f"{kind}-{latent}", resume=True)
    return model


def space(kind, latent, data, test, given):
    """The `Space` of a method; of a network, the trained one."""
    if kind in ("ae", "vae"):
        from zoo.evaluation.latent import decoded, posterior_means

        model = trained(kind, latent, data, given)
        codes = [posterior_means(model, split) for split in (test, data.train)]
        return Space(*codes, functools.partial(decoded, model))
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    shown = flat(test)
    if kind == "tsne":
        method = "barnes_hut" if latent < 4 else "exact"
        path = given.out / f"tsne-{latent}.npy"
        if not path.exists():
            tsne = TSNE(latent, method=method, random_state=given.seed, max_iter=given.tsne_steps)
            with whole(path) as file:
                np.save(file, tsne.fit_transform(shown))
        return Space(np.load(path))
    train = flat(data.train)
    pca = PCA(latent, random_state=given.seed).fit(train)

    def decode(codes):
        images = pca.inverse_transform(codes).reshape(-1, *data.event_shape)
        return np.clip(images, 0.0, 1.0)

    return Space(pca.transform(shown), pca.transform(train), decode)


def flat(split):
    """All examples of a split as vectors."""
    return split.examples(np.arange(len(split))).reshape(len(split), -1)


def measure(space, test, judge, given):
    """Every figure of a latent space that it has: a dict."""
    from zoo.evaluation import completeness as c
    from zoo.evaluation.continuity import neighbourhoods, smoothness

    out = dict(neighbourhoods(flat(test), space.codes, NEIGHBOURS))
    if space.decode is None:
        return out
    out |= smoothness(space.decode, space.codes, given.seed)
    difference = space.decode(space.codes).reshape(len(test), -1) - flat(test)
    out["squared_error"] = float(np.mean(np.sum(difference**2, axis=1)))
    for name, codes in sampled(space, given.samples, given.seed).items():
        out |= {f"{k}_{name}": v for k, v in c.completeness(judge, space.decode(codes))}
    return out


def sampled(space, count, seed):
    """{name: codes} from where a latent space is asked for images.

    What test images are reconstructed to tells a decoder that blurs from a space with holes.
    """
    from zoo.evaluation import completeness as c

    return {
        "standard": c.standard_normal(count, space.codes.shape[1], seed),
        "fitted": c.fitted_normal(count, space.train_codes, seed),
        "midpoints": c.midpoints(count, space.codes, seed),
        "reconstructed": space.codes[:count],
    }


def controls(test, judge, count, seed):
    """What the judge makes of real test images and of what is none: shares accepted."""
    rng = np.random.default_rng(seed)
    real, labels = test.examples(np.arange(len(test))), test.labels
    one, other = rng.integers(0, len(real), (2, 4 * count))
    apart = np.flatnonzero(labels[one] != labels[other])[:count]
    images = {
        "test images": real,
        "averages of two test images of different classes": (real[one[apart]] + real[other[apart]])
        / 2,
        "test images, their pixels shuffled": rng.permuted(real.reshape(len(real), -1), axis=1),
        "uniform noise": rng.random((count, *real.shape[1:]), dtype=np.float32),
        "an empty image": np.zeros_like(real[:1]),
    }
    return {name: float(judge.accepts(value).mean()) for name, value in images.items()}


def memorise(kind, units, latent, train, test, given):
    """Errors of a network trained to the end on few images; early stopping would hide the matter.

    As many steps for every width; constant batches, no validation images held out.
    """
    import keras

    import zoo
    from zoo.evaluation import memorisation

    zoo.training.seed_everything(given.seed)
    model = zoo.catalog.build(
        f"dense_{kind}", train.examples([0]).shape[1:], latent=latent, units=(units, units)
    )
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=keras.backend.backend() == "jax")
    x = train.examples(np.arange(len(train)))
    model.fit(x, x, batch_size=100, epochs=given.memorise_epochs, verbose=0)
    return {"parameters": model.count_params(), **dict(memorisation.errors(model, train, test))}


def options():
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--dataset", default="digits", help="embedded digits, or an image dataset of TFDS")
    add("--latents", type=int, nargs="+", default=[2, 16], help="sizes of latent space; 2 is drawn")
    add("--units", type=int, nargs="+", default=[512, 512], help="widths of the networks")
    add("--epochs", type=int, help="of the networks; unless given as many as a recipe takes")
    add("--images", type=int, default=5000, help="test images, at most, drawn at random")
    add("--samples", type=int, default=1000, help="decoded samples that are judged")
    add("--tsne-steps", type=int, default=1000)
    add("--capacities", type=int, nargs="*", default=[16, 64, 256, 1024])
    add("--memorised", type=int, default=1000, help="training images of the capacities")
    add("--memorise-epochs", type=int, default=200)
    add("--seed", type=int, default=0)
    add("--out", type=Path, help="folder; unless given build/latent_space-DATASET")
    given = parser.parse_args()
    given.out = given.out or Path("build") / f"latent_space-{given.dataset}"
    return given


def main():
    """Loads, measures, draws and prints the tables."""
    given = options()
    import zoo
    from zoo.evaluation.completeness import Judge

    given.out.mkdir(parents=True, exist_ok=True)
    plain = {name: value for name, value in vars(given).items() if name != "out"}
    kept = Kept(given.out / "results.json", plain)
    loaded = zoo.datasets.load(given.dataset, seed=given.seed)
    order = np.random.default_rng(given.seed).permutation(len(loaded.test))[: given.images]
    loaded = dataclasses.replace(loaded, test=loaded.test.subset(order))
    data = zoo.datasets.binarize(loaded, "none", given.seed)
    judge = Judge(data.train.examples(np.arange(len(data.train))), data.train.labels, given.seed)
    kept.once("controls", lambda: controls(data.test, judge, given.samples, given.seed))
    for latent in given.latents:
        shown = data
        if latent > 3:
            fewer = dataclasses.replace(loaded, test=loaded.test.take(EXACT))
            shown = zoo.datasets.binarize(fewer, "none", given.seed)
        kept.once(f"n-{latent}", lambda test=shown.test: len(test))
        drawn = all((given.out / file).exists() for file in figures.files(latent))
        spaces = {}
        for kind in NAMES:
            name = f"{kind}-{latent}"
            if drawn and name in kept.values:
                continue
            spaces[kind] = space(kind, latent, data, shown.test, given)
            kept.once(name, lambda s=spaces[kind], t=shown.test: measure(s, t, judge, given))
        if not drawn:
            figures.draw(spaces, NAMES, shown.test, judge, latent, given.out, given.seed)
    few = np.random.default_rng(given.seed).permutation(len(loaded.train))[: given.memorised]
    few = zoo.datasets.binarize(
        dataclasses.replace(loaded, train=loaded.train.subset(few)), "none", given.seed
    )
    for units in given.capacities:
        for kind in ("ae", "vae"):
            kept.once(
                f"memorise-{kind}-{units}",
                lambda k=kind, u=units: memorise(
                    k, u, given.latents[-1], few.train, data.test, given
                ),
            )
    if given.capacities:
        figures.memorisation(kept.values, given.capacities, NAMES, given.out)
    text = latent_space_tables.tables(
        kept.values, given, NAMES, NEIGHBOURS, len(few.train), len(data.test)
    )
    (given.out / "tables.md").write_text(text)
    print(text)


if __name__ == "__main__":
    try:
        main()
    except ZooError as error:
        sys.exit(f"error: {error}")
