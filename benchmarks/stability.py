"""How training begins: the norms of its gradients, and where it is after a few steps.

Run:  python benchmarks/stability.py photographs --likelihood normal --steps 30
      python benchmarks/stability.py mnist --model dense_vae --steps 445

`photographs` are 300 seeded crops of 128x128 of the two that scikit-learn ships. Each row is a run
of its own, with the defaults or as it says; below stands the baseline of reports, which a model
must beat to have learned anything.
"""

import argparse

import keras
import numpy as np

import zoo
from zoo.evaluation import baselines
from zoo.recipe import choices
from zoo.training import loop
from zoo.training.adam import Adam


class Watched(Adam):
    """Adam that keeps the norms of the gradients as they come, before they are clipped."""

    def build(self, variables):
        super().build(variables)
        self.norm = keras.Variable(0.0, trainable=False)

    def apply(self, grads, trainable_variables=None):
        squares = [keras.ops.square(keras.ops.add(g, 0.0)) for g in grads if g is not None]
        self.norm.assign(keras.ops.sqrt(sum(keras.ops.sum(each) for each in squares)))
        super().apply(grads, trainable_variables)


def photographs(count=300, side=128):
    """A `Dataset` of crops of scikit-learn's two photographs, drawn with seed 0."""
    from sklearn.datasets import load_sample_images

    rng, pictures, crops = np.random.default_rng(0), load_sample_images().images, []
    for _ in range(count):
        picture = pictures[rng.integers(2)]
        row, column = (rng.integers(size - side + 1) for size in picture.shape[:2])
        crops.append(picture[row : row + side, column : column + side])
    crops, held_out = np.stack(crops), count // 5
    schema = zoo.datasets.Schema("image", crops.shape[1:], spacing=1 / 255, uint8=True)
    split = (zoo.datasets.Split(crops[held_out:]), zoo.datasets.Split(crops[:held_out]))
    return zoo.datasets.Dataset("photographs", *split, schema, "scikit-learn", "BSD", "crops")


def trained(given, loaded, seed, **settings):
    """(norms, losses, validation ELBO) of a run of `given.steps` steps."""
    likelihood = choices.likelihood(given.likelihood, loaded).value
    binarization = choices.binarization("auto", loaded, likelihood).value
    data = zoo.datasets.binarize(loaded, binarization, seed)
    zoo.training.seed_everything(seed)
    model = zoo.catalog.build(given.model, loaded.event_shape, likelihood=likelihood)
    part, held_out = data.train.cut(0.05, seed)
    batches = part.training_batches(128, seed, conditions=tuple(model.conditions))
    settings = zoo.training.Settings(epochs=1, seed=seed, **settings)
    loop.compile_model(model, settings, given.steps)
    model.compile(Watched.from_config(model.optimizer.get_config()), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    norms, losses = [], []
    for step in range(given.steps):
        (x,) = batches[step]
        losses.append(float(model.train_on_batch(x, return_dict=True)["loss"]))
        model.reset_metrics()
        norms.append(float(keras.ops.convert_to_numpy(model.optimizer.norm)))
    held_out = held_out.evaluation_batches(64, tuple(model.conditions))
    found = model.evaluate(held_out, verbose=0, return_dict=True)
    return norms, losses, found.get("elbo", -found["reconstruction"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--model", default="conv_vae")
    parser.add_argument("--likelihood", default="auto")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument(
        "--defaults", action="store_true", help="leave the run without clipping out"
    )
    given = parser.parse_args()
    named = given.dataset == "photographs"
    loaded = photographs() if named else zoo.datasets.load(given.dataset)
    runs = [("the defaults", {})]
    if not given.defaults:
        runs.append(("1 step of warm-up, no clipping", {"warmup_steps": 1, "clip_norm": 0.0}))
    print("| model | run | seed | median norm | largest norm | largest loss | validation ELBO |")
    print("|---|---|---|---|---|---|---|")
    for seed in range(given.seeds):
        for name, settings in runs:
            norms, losses, elbo = trained(given, loaded, seed, **settings)
            print(
                f"| {given.model} | {name} | {seed} | {np.median(norms):,.0f} | {max(norms):,.0f} "
                f"| {max(losses):,.0f} | {elbo:,.1f} |",
                flush=True,
            )
    likelihood = choices.likelihood(given.likelihood, loaded).value
    data = zoo.datasets.binarize(loaded, choices.binarization("auto", loaded, likelihood).value)
    model = zoo.catalog.build(given.model, loaded.event_shape, likelihood=likelihood)
    found = baselines.independent(model, data)
    if found:
        print(f"\nThe baseline, {found.law}: {-np.mean(found.nats):,.1f}.")


if __name__ == "__main__":
    main()
