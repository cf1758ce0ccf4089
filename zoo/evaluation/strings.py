"""What a model of strings gives back, what it makes of z, and what it generates."""

import numpy as np
from keras import ops

from zoo import noise
from zoo.artifact.tokens import MODE, TOKENS
from zoo.evaluation import chunks, generated_strings, nats
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.evaluated_examples import evenly_spaced

EXAMPLES = 2000
"""Test strings that are reconstructed, at most."""

DRAWN, DRAWS = 200, 100
"""Test strings whose posterior is drawn from, at most, and draws of each."""

OTHER_DRAWS = 16
"""Draws of another string's posterior, of each of `EXAMPLES`."""

_STREAM = 13  # of noise


def can_be_measured(schema):
    """Whether examples of that schema are strings."""
    return bool(schema.tokens)


def string_metrics(model, data, nll=None, seed=0):
    """Measures a model of strings: ({name: value}, how it was measured).

    - `nats_per_token`: `nll` over the mean number of tokens, the end of each string among them;
    - `exact_reconstruction`: the share of test strings that `reconstruct` gives back to the letter:
      the posterior's mean, decoded greedily;
    - `exact_reconstruction_sampled`: the same of draws from the posterior, each decoded greedily,
      averaged over `DRAWS` draws a string, as Jin et al. 2018 average over 10 encodings times 10
      decodings, which they draw, too;
    - `reconstruction_from_other_z`: -log p(x|z) in nats of draws from the posterior of the next
      test string in place of x's own: no more than `reconstruction` where the decoder uses no z;
    - `valid`, `unique`, `novel`: see `zoo.evaluation.generated_strings`.

    Test strings are evenly spaced ones. What a model has no prior or no posterior to draw from
    for, it has not. How: counts, seeds, and a `statement` of all that.

    Args:
        data: what `zoo.datasets.binarize` gives, of strings.
        nll: nats, of the test examples.
        seed: of the draws, and of the prior's samples.
    """
    chosen = evenly_spaced(data.test, EXAMPLES)
    found, how = {}, {"tokens": token_count(data.test), "examples": len(chosen)}
    if nll is not None:
        found["nats_per_token"] = nll / how["tokens"]
    found["exact_reconstruction"] = np.mean(reconstructed(model, chosen))
    if model.samples_posterior:
        few = evenly_spaced(data.test, DRAWN)
        how |= {"drawn": len(few), "draws": DRAWS, "other_draws": OTHER_DRAWS, "seed": seed}
        found["exact_reconstruction_sampled"] = np.mean(reconstructed_from_draws(model, few, seed))
        if len(chosen) > 1:
            found["reconstruction_from_other_z"] = np.mean(from_other_z(model, chosen, seed))
    if model.generates and not model.conditions:
        made, of_made = generated_strings.metrics(generated(model, seed), data)
        found |= made
        how |= of_made | {"first_seed": seed * generated_strings.GENERATED}
    return found, how | {"statement": _statement(found, how)}


def token_count(split):
    """The mean number of tokens of a string, its end among them."""
    counts = [np.argmax(rows == rows[:, -1:], axis=1) + 1 for rows in _numbers(split)]
    return float(np.mean(np.concatenate(counts)))


def reconstructed(model, split):
    """Which strings `reconstruct` gives back to the letter: bool [n]."""
    reconstruct, same = compiled_method(model, "reconstruct"), []
    for indices in chunks.of(len(split), chunks.examples(model)):
        x, *condition = split.inputs(indices, model.conditions)
        same.append(_same(reconstruct(x, *condition)[MODE], x))
    return np.concatenate(same)


def reconstructed_from_draws(model, split, seed=0, draws=DRAWS):
    """Which draws from the posterior of each string decode to it: bool [n, draws]."""
    decode, z = compiled_method(model, "decode"), posterior_draws(model, split, seed, draws)
    step, same = max(1, chunks.decoded(model) // draws), []
    for indices in chunks.of(len(split), step):
        rows = np.repeat(indices, draws)
        x, *condition = split.inputs(rows, model.conditions)
        same.append(_same(decode(z[indices].reshape(len(rows), -1), *condition)[MODE], x))
    return np.concatenate(same).reshape(len(split), draws)


def from_other_z(model, split, seed=0, draws=OTHER_DRAWS):
    """-log p(x|z) of draws from the posterior of the next string: float64 [n, draws], nats.

    The next one of the last is the first.
    """
    log_p = compiled_method(model, _log_p)
    z, values = np.roll(posterior_draws(model, split, seed, draws), -1, axis=0), []
    for indices in chunks.of(len(split), max(1, chunks.decoded(model) // draws)):
        rows = np.repeat(indices, draws)
        x, *condition = split.inputs(rows, model.conditions)
        values.append(-log_p(x, z[indices].reshape(len(rows), -1), *condition).astype(np.float64))
    return np.concatenate(values).reshape(len(split), draws)


def posterior_draws(model, split, seed, draws):
    """z drawn from the posterior of each string: [n, draws, latent]."""
    infer, kinds, z = compiled_method(model, _posterior_draws), nats.kinds(model), []
    for indices in chunks.of(len(split), chunks.examples(model)):
        drawn = nats.noise(seed, _STREAM, indices[0], len(indices), draws, kinds)
        x, *condition = split.inputs(indices, model.conditions)
        z.append(infer(x, drawn, *condition))
    return np.concatenate(z)


def generated(model, seed=0, count=generated_strings.GENERATED):
    """Rows of tokens that `generate` draws of `count` seeds from `seed * count` on: [count, steps].

    Of a model without conditions.
    """
    # Split seeds: inside a compiled call JAX has no int64.
    low, high = noise.split_seed(np.arange(seed * count, (seed + 1) * count))
    generate = compiled_method(model, "generate_from_split_seed")
    parts = [
        generate(low[rows], high[rows])[TOKENS] for rows in chunks.of(count, chunks.decoded(model))
    ]
    return np.concatenate(parts)


def _posterior_draws(model, x, drawn, *condition):
    """x [batch, steps] and noise [batch, draws, count] -> z [batch, draws, latent]."""
    learned, draws = model.latents.pseudo_inputs(), ops.shape(drawn)[1]
    pseudo = None if learned is None else model.encoder(learned)
    drawn = ops.reshape(drawn, (-1, drawn.shape[-1]))
    z = model.latents.infer(model.features(x, condition), drawn, draws, pseudo=pseudo).z
    return ops.reshape(z, (-1, draws, model.latent))


def _log_p(model, x, z, *condition):
    """log p(x|z), a z an example: [batch], nats."""
    raw = model.raw(model.state(z), condition, x)
    return model.likelihood.log_prob(ops.cast(x, "float32"), raw)


def _same(made, x):
    return (np.rint(made) == np.rint(x)).all(axis=1)


def _numbers(split, step=4096):
    """Rows of token numbers in batches: int [k, steps]."""
    for rows in chunks.of(len(split), step):
        yield np.rint(split.examples(rows)).astype(int)


def _statement(found, how):
    said = [f"{how['tokens']:.1f} tokens a test string, its end among them"]
    said.append(
        f"exact_reconstruction of n={how['examples']:,} test strings, the posterior's mean decoded "
        "greedily"
    )
    if "draws" in how:
        said.append(
            f"sampled: of n={how['drawn']:,}, the mean over {how['draws']} draws from the "
            f"posterior, each decoded greedily, noise of seed {how['seed']}"
        )
    if "reconstruction_from_other_z" in found:
        said.append(
            f"reconstruction_from_other_z of n={how['examples']:,}, {how['other_draws']} draws of "
            "the next one's posterior"
        )
    if "generated" in how:
        said.append(generated_strings.statement(found, how))
    return "; ".join(said)
