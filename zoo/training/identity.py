"""What two runs must have in common, for one to go on where the other was interrupted."""

import hashlib
import json

import keras


def of_run(model, data, settings):
    """{name: JSON-able value} of all that decides how training goes.

    The data by a digest of every training example, its label and its length.
    """
    return settings | {
        "binarization": data.binarization,
        "binarization_seed": data.seed,
        "schema": data.schema.to_json(),
        "training_data_digest": data.train.fingerprint(),
        "model_digest": of_model(model),
        "backend": keras.backend.backend(),
    }


def of_model(model):
    """A digest of what a model is: its parts, their options and how they are connected.

    Two models that were built alike have the same one, whatever numbers Keras gave their layers:
    `dense_3` in the one is `dense_7` in another, built later in the same process.
    """
    config, names = model.get_config(), {}
    _collect(config, names)
    plain = json.dumps(_renamed(config, names), sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _collect(value, names):
    """Gives every name of a layer a number, in the order in which they appear."""
    if isinstance(value, dict):
        if isinstance(value.get("name"), str):
            names.setdefault(value["name"], f"name {len(names)}")
        for each in value.values():
            _collect(each, names)
    elif isinstance(value, list | tuple):
        for each in value:
            _collect(each, names)


def _renamed(value, names):
    if isinstance(value, dict):
        if value.get("class_name") == "SeedGenerator":  # where it stands is in the checkpoint
            return "SeedGenerator"
        return {key: _renamed(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value
