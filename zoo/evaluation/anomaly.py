"""How well a model's scores tell anomalous examples from normal ones.

AUROC, the area under the receiver operating characteristic: the probability that an anomalous
example scores higher than a normal one, ties counted as one half (Hanley & McNeil 1982). 0.5 is
chance; below it the score takes anomalies for more normal than what the model was trained on.
"""

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from zoo.artifact.endpoints import LIKELIHOOD_RATIO
from zoo.errors import InputError
from zoo.evaluation import chunks
from zoo.evaluation.compilation import compiled_method

BATCH = 250  # examples a call of an artifact


def auroc(model, normal, anomalous):
    """Yields (name, AUROC) of each of `scores`.

    Args:
        model: a model, or an artifact of `zoo.load`: whatever has `score` and `reconstruct`.
        normal: examples like those the model was trained on, float32 [n, *event].
        anomalous: examples of another kind, float32 [m, *event].

    Raises:
        InputError: one of the two is empty, or a score is not finite.
    """
    for side, x in (("normal", normal), ("anomalous", anomalous)):
        if len(x) == 0:
            raise InputError(f"No {side} examples were given: AUROC compares two sets.")
    of_normal, of_anomalous = scores(model, normal), scores(model, anomalous)
    for name in of_normal:
        yield name, area(of_normal[name], of_anomalous[name], name)


def scores(model, x):
    """Anomaly scores of examples [n, *event], higher = more anomalous: {name: [n]}.

    `negative_elbo` and its terms `reconstruction` and `kl` in nats, as the model's `score` gives
    them, and of each k of a hierarchy's likelihood ratios `likelihood_ratio_<k>`; `squared_error`
    of x and `reconstruct`'s x_mean, summed over what is known of the event.
    """
    if len(x) == 0:
        raise InputError("No examples were given to score.")
    answer = _answers(model, "score", x)
    if "elbo" in answer:
        answer = {"negative_elbo": -answer.pop("elbo"), **answer}
    if LIKELIHOOD_RATIO in answer:
        ratios = answer.pop(LIKELIHOOD_RATIO)
        for k, ratio in zip(_latent_facts(model)["ratio_groups"], ratios.T, strict=True):
            answer[f"{LIKELIHOOD_RATIO}_{k}"] = ratio
    x = np.asarray(x)
    rebuilt = _answers(model, "reconstruct", x)["x_mean"]
    error = np.where(np.isnan(x), 0.0, x.astype(np.float64) - rebuilt)
    return answer | {"squared_error": np.sum(error**2, axis=tuple(range(1, error.ndim)))}


def area(normal, anomalous, name="score"):
    """AUROC of the scores of normal [n] and of anomalous [m] examples."""
    for side, values in (("normal", normal), ("anomalous", anomalous)):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(values) == 0 or len(bad):
            found = (
                f"{len(bad)} of {len(values)} are not finite, the first is {values[bad[0]]} at "
                f"index {bad[0]}"
                if len(bad)
                else "there are none"
            )
            raise InputError(
                f"{name} of the {side} examples: {found}. AUROC orders the scores: every one must "
                "be finite, and there must be one or more."
            )
    truth = np.repeat([0, 1], [len(normal), len(anomalous)])
    return float(roc_auc_score(truth, np.concatenate([normal, anomalous])))


def _latent_facts(model):
    """What a manifest says of the latents of a model, or of an artifact."""
    return model.latent_facts if isinstance(model, keras.Model) else model.manifest["latent"]


def _answers(model, endpoint, x):
    """An endpoint's outputs for any number of examples, float64: {name: [n, ...]}."""
    keras_model = isinstance(model, keras.Model)
    call = compiled_method(model, endpoint) if keras_model else getattr(model, endpoint)
    step = chunks.examples(model, model.score_rows) if keras_model else BATCH
    answers = [call(x[rows]) for rows in chunks.of(len(x), step)]
    answers = [answer if keras_model else answer._asdict() for answer in answers]
    return {
        name: np.concatenate([answer[name] for answer in answers]).astype(np.float64)
        for name in answers[0]
    }
