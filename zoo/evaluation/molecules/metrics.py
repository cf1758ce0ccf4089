"""The metrics of the MOSES benchmark (Polykovskiy et al. 2020, "Molecular Sets") of SMILES strings.

Written from the paper and from what MOSES' program computes, whose values these are; where the two
differ it is the program's. Names are MOSES' as well.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from zoo.errors import InputError
from zoo.evaluation import frechet
from zoo.evaluation.molecules import chemistry, similarity, workers
from zoo.evaluation.molecules.moses import MosesData, moses_data
from zoo.evaluation.molecules.reference import Profile, Reference, checked_names, profile, reference

FIRST = (1000, 10_000)
"""k of unique@k."""

SETS = {"test": "Test", "scaffold_test": "TestSF"}
"""What is compared with: its name here, and in the names of metrics."""

LOOKED_AT, FOREIGN = 1000, 0.01
"""Training strings that are looked at, and the share of them that may be not canonical."""


def molecule_metrics(
    generated: Sequence[str | None],
    train: Sequence[str] | None = None,
    test: Sequence[str] | None = None,
    scaffold_test: Sequence[str] | None = None,
    statistics: Mapping[str, Reference] | None = None,
    *,
    moses: MosesData | None = None,
    jobs: int = 1,
    leave_out: Collection[str] = (),
) -> dict[str, float]:
    """The metrics of MOSES: {name: value}, the same for any number of processes.

    Of all strings, `valid` is the share that are molecules; everything else is of these, duplicates
    included, as their canonical strings:

    - `unique@1000`, `unique@10000`: the share of different ones among the first 1,000 or 10,000, or
      among all where there are fewer, as in MOSES;
    - `FCD/Test`: the Fréchet distance to the test molecules in features of ChemNet;
      `SNN/Test`: the mean Tanimoto similarity to the nearest of them; `Frag/Test`, `Scaf/Test`: the
      cosine between the counts of BRICS fragments, and of Bemis-Murcko scaffolds of two rings or
      more; `.../TestSF`: the same against test molecules of scaffolds that training has none of;
    - `IntDiv`, `IntDiv2`: see `zoo.evaluation.molecules.internal_diversity`;
    - `Filters`: the share that passes medicinal filters (MCF and PAINS);
    - `logP`, `SA`, `QED`, `weight`: the Wasserstein distance of each to that of test molecules;
    - `Novelty`: the share of different ones that training strings have not.

    Given none of `train`, `test`, `scaffold_test` and `statistics`, MOSES' own are compared with,
    the statistics as published. Given any, the others are left out, with what is of them. The
    published figures are of 30,000 strings: state how many there were.

    What cannot be computed is NaN: all but `valid` where nothing is valid, an FCD of fewer than two
    molecules, a cosine where a set has no scaffold at all.

    Args:
        generated: strings, also invalid ones and None.
        train: canonical strings, which are compared as they are.
        test, scaffold_test: strings.
        statistics: of "test" or "scaffold_test", what `reference` gives, in place of strings.
        moses: the benchmark's data, if molsets is not installed: `moses_data(path)`.
        jobs: processes that read molecules.
        leave_out: what not to compute: "FCD" (needs PyTorch), "Filters" (needs MOSES' data),
            "SNN", "Frag", "Scaf", "IntDiv", "Descriptors".

    Raises:
        InputError: without strings, for a test string that is no molecule, training strings that
            are not canonical, or options that do not fit together.
        MissingDependency: where RDKit, PyTorch, ChemNet's weights or MOSES' data is absent.
    """
    left = checked_names(leave_out)
    chemistry.require()
    if not len(generated):
        raise InputError("No strings were given; the metrics are of one generated string or more.")
    train, compared = _compared_with(train, test, scaffold_test, statistics, moses, jobs, left)
    if train is not None:
        _require_canonical(train)
    _require_complete(compared, left)
    patterns = () if "Filters" in left else (moses or moses_data()).patterns
    no_distance = {"FCD", "SNN", "Frag", "Scaf", "Descriptors"} if not compared else set()
    found = profile(generated, left | no_distance, patterns, jobs, "generated")
    metrics = {"valid": float(found.valid.mean())} | {
        f"unique@{k}": _share(len(set(found.strings[:k])), len(found.strings[:k])) for k in FIRST
    }
    for name, other in compared.items():
        metrics |= _likeness(found.reference, other, SETS[name], left)
    metrics |= _of_generated(found, left)
    if "Descriptors" not in left and "test" in compared:
        metrics |= _distances(found.reference.descriptors, compared["test"].descriptors)
    if train is not None:
        different = set(found.strings)
        metrics["Novelty"] = _share(len(different.difference(train)), len(different))
    return metrics


def _compared_with(
    train: Sequence[str] | None,
    test: Sequence[str] | None,
    scaffold_test: Sequence[str] | None,
    statistics: Mapping[str, Reference] | None,
    moses: MosesData | None,
    jobs: int,
    left: set[str],
) -> tuple[Sequence[str] | None, dict[str, Reference]]:
    """(training strings, {name of `SETS`: its statistics})."""
    if train is None and test is None and scaffold_test is None and statistics is None:
        moses = moses or moses_data()
        return moses.train, {
            "test": moses.test_statistics,
            "scaffold_test": moses.scaffold_test_statistics,
        }
    given = dict(statistics or {})
    if unknown := sorted(set(given) - set(SETS)):
        raise InputError(f"statistics are of {unknown}; wanted are those of {list(SETS)}.")
    compared = {}
    for name, strings in (("test", test), ("scaffold_test", scaffold_test)):
        if strings is not None and name in given:
            raise InputError(f"{name} was given as strings and as statistics; give one of them.")
        if strings is not None:
            compared[name] = reference(strings, jobs, left)
        elif name in given:
            compared[name] = given[name]
    return train, compared


def _require_canonical(train: Sequence[str]) -> None:
    """Refuses training strings that canonical ones would seem to be different from."""
    looked_at = [train[i] for i in range(0, len(train), math.ceil(len(train) / LOOKED_AT) or 1)]
    parts = workers.mapped("canonical", looked_at)
    written = [each for part in parts for each in part]
    other = [pair for pair in zip(looked_at, written, strict=True) if pair[0] != pair[1]]
    if len(other) > FOREIGN * len(looked_at):
        raise InputError(
            f"{len(other):,} of {len(looked_at):,} training strings looked at are not canonical, "
            f"such as {other[0][0][:80]!r}, which RDKit writes {str(other[0][1])[:80]!r}: novelty "
            "would be too high. Give canonical_strings(train)."
        )


def _require_complete(compared: Mapping[str, Reference], left: set[str]) -> None:
    """Refuses statistics that lack what is to be compared."""
    for name, each in compared.items():
        lacks = {
            "FCD": each.chemnet is None and each.count > 1,
            "SNN": each.fingerprints is None,
            "Descriptors": not each.descriptors and name == "test",
        }
        missing = [what for what, is_missing in lacks.items() if is_missing and what not in left]
        if missing:
            raise InputError(
                f"The statistics of {name} have nothing for {missing}: make them without leaving "
                f"these out, or leave them out here, leave_out={missing}."
            )


def _likeness(found: Reference, other: Reference, suffix: str, left: set[str]) -> dict[str, float]:
    """FCD, SNN, Frag and Scaf."""
    values = {
        "FCD": lambda: _frechet(found, other),
        "SNN": lambda: _nearest(found, other),
        "Frag": lambda: cosine(other.fragments, found.fragments),
        "Scaf": lambda: cosine(other.scaffolds, found.scaffolds),
    }
    return {f"{name}/{suffix}": value() for name, value in values.items() if name not in left}


def _of_generated(found: Profile, left: set[str]) -> dict[str, float]:
    """IntDiv, IntDiv2 and Filters."""
    values: dict[str, float] = {}
    if "IntDiv" not in left:
        rows = found.reference.fingerprints
        one, two = similarity.internal_diversity(
            np.empty((0, 1), np.uint8) if rows is None else rows
        )
        values |= {"IntDiv": one, "IntDiv2": two}
    if "Filters" not in left:
        values["Filters"] = _share(int(found.passed.sum()), len(found.passed))
    return values


def _frechet(found: Reference, other: Reference) -> float:
    if found.chemnet is None or other.chemnet is None:
        return float("nan")
    return frechet.frechet_distance_of_moments(*other.chemnet, *found.chemnet)


def _nearest(found: Reference, other: Reference) -> float:
    if found.fingerprints is None or other.fingerprints is None:
        return float("nan")
    if not len(found.fingerprints) or not len(other.fingerprints):
        return float("nan")
    _, values = similarity.nearest(found.fingerprints, other.fingerprints)
    return float(values.mean(dtype=np.float64))


def _distances(
    found: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Wasserstein distances, each in its descriptor's unit, of the values that there are."""
    from scipy.stats import wasserstein_distance

    distances = {}
    for name in chemistry.DESCRIPTORS:
        pair = [np.asarray(each.get(name, ()), np.float64) for each in (other, found)]
        pair = [values[np.isfinite(values)] for values in pair]
        known = all(len(values) for values in pair)
        distances[name] = float(wasserstein_distance(*pair)) if known else float("nan")
    return distances


def cosine(some: Counter, others: Counter) -> float:
    """The cosine of the angle between two vectors of counts; NaN if one has none."""
    lengths = [sum(count * count for count in each.values()) for each in (some, others)]
    if not all(lengths):
        return float("nan")
    shared = sum(count * others[name] for name, count in some.items() if name in others)
    return float(shared / math.sqrt(lengths[0] * lengths[1]))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
