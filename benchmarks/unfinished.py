"""The model of a training that goes on or was interrupted: the best epoch of its run's folder."""

import dataclasses
from collections import namedtuple

import numpy as np

import zoo
from zoo import noise
from zoo.artifact.schema import Schema
from zoo.artifact.tokens import MODE, TOKENS
from zoo.evaluation.compilation import compiled_method
from zoo.recipe import options, shipped
from zoo.training import checkpoint

Generated = namedtuple("Generated", "strings")
Reconstructed = namedtuple("Reconstructed", MODE)


class Strings:
    """A `molecule_vae` that generates and reconstructs as `zoo.load` of its artifact would.

    Args:
        folder: `<artifact>.run` of `recipes/molecule_vae.py`.

    Raises:
        SystemExit: if no run of that recipe is in it.
    """

    def __init__(self, folder):
        found = checkpoint.load(folder)
        if found is None or "teacher_dropout" not in found[1]:
            raise SystemExit(f"error: {folder} is no run of recipes/molecule_vae.py.")
        progress, stated, arrays = found
        self.schema, self.epoch = Schema.from_json(stated["schema"]), progress.best_epoch
        recipe = shipped.load("molecule_vae").Config
        known = {field.name: field.default for field in dataclasses.fields(recipe)}
        config = recipe(**{name: _given(stated[name]) for name in known if name in stated})
        made = options.of_model(config)
        made["likelihood"] = zoo.likelihoods.of_schema("tokens", self.schema)
        if config.properties:  # any numbers: what they were standardised by is among the weights
            values = dict.fromkeys(config.properties, np.arange(2.0))
            made["property_head"] = zoo.catalog.property_head(values, config.latent)
        self.model = zoo.catalog.build("molecule_vae", self.schema.shape, **made)
        checkpoint.restore_best(self.model, arrays)

    def generate(self, seeds):
        """int64 [n] -> the strings of n draws."""
        generate = compiled_method(self.model, "generate_from_split_seed")
        rows = generate(*noise.split_seed(np.asarray(seeds)))[TOKENS]
        return Generated([self.schema.vocabulary.text(row) for row in np.asarray(rows).tolist()])

    def reconstruct(self, rows):
        """int32 [n, steps] -> the tokens that their posteriors' means decode to."""
        reconstruct = compiled_method(self.model, "reconstruct")
        return Reconstructed(np.asarray(reconstruct(np.asarray(rows, np.float32))[MODE]))


def _given(value):
    return tuple(value) if isinstance(value, list) else value
