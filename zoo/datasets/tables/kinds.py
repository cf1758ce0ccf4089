"""From what was seen of a column to what it is: the rules of docs/data.md, "Tables"."""

from dataclasses import dataclass, replace

import numpy as np

from zoo.artifact.columns import BOOLEAN, CATEGORICAL, COUNT, DATE, REAL, Column
from zoo.artifact.words import no_and_yes, word_of
from zoo.datasets.standardising import robust
from zoo.datasets.tables.plans import IDENTIFIERS, Plan
from zoo.datasets.tables.statistics import Numbers, Statistics, Times, Words
from zoo.errors import DatasetError

MOST_COUNTED = 10_000
"""Larger whole numbers are real: their law's gamma functions have few digits in float32."""

MOST_WORDS = 1000
NEARLY = 0.9
"""Of the rows; a column of so many different words is told of: it may be one of identifiers."""

RARE = 5
"""Words of fewer training rows are `OTHER`, where such words are wanted."""

OTHER = "other"
COMMON = 0.01
"""Whole numbers of few values are numbers of categories where each has so many training rows."""

HEAVY = 3.0
"""A tail is heavy that is so much longer than the other one, from the median to its 20th."""

DIGITS = 1e-4
"""Of the spread, what float32 must tell apart; else the middle is taken off before."""


@dataclass(frozen=True)
class Decision:
    """What a column is, and why; `column` is None where it is left out; `note` is for its user."""

    name: str
    column: Column | None
    why: str
    note: str = ""


def decide(plan: Plan, found: Statistics | None, unseen: str) -> Decision:
    """The column of a plan.

    Args:
        plan: how it is read.
        found: of its training rows; None where it is dropped.
        unseen: "other" makes a word of the rare ones; "refuse" has no such word.

    Raises:
        DatasetError: it cannot be what its user says, or has more words than any category.
    """
    if plan.dropped or found is None:
        return Decision(plan.name, None, plan.dropped)
    if isinstance(found, Words):
        return _words(plan, found, unseen)
    assert isinstance(found, Numbers)
    if not found.low < found.high:
        return Decision(plan.name, None, _constant(plan, word_of(float(found.low))))
    if isinstance(found, Times):
        return _date(plan, found)
    return _number(plan, found)


def _number(plan: Plan, found: Numbers) -> Decision:
    look, said = plan.look, plan.override
    if plan.kind is None and said.log is None and not said.unit and look.few:
        counts = {word_of(number) or "": count for number, count in found.counts.items()}
        if (pair := no_and_yes(counts)) is not None:
            return _decided(plan, BOOLEAN, "0 and 1 alone", words=pair)
        if min(counts.values()) >= COMMON * found.present and len(counts) == len(look.few):
            why = f"whole numbers of {len(counts)} values, none rare"
            return _decided(plan, CATEGORICAL, why, words=in_order([*counts]))
    kind = plan.kind
    why = f"{said.by} says so"
    if kind is None and look.whole and look.least >= 0 and said.log is None:
        small = look.most <= MOST_COUNTED
        kind = COUNT if small else REAL
        why = f"whole numbers from {found.low:g} to {found.high:g}"
        why += "" if small else ", too large to count"
    elif kind is None or not said.kind:
        kind, why = REAL, f"numbers from {found.low:g} to {found.high:g}"
    log = said.log
    if kind == REAL and log is None and look.least > 1e-37 and _heavy(found.sample):
        log, why = True, f"{why}, all above 0, the upper tail long"
    if log and not look.least > 1e-37:
        raise DatasetError(
            f"{said.where}: log is for numbers above 0, and there is {look.least:g}. Say log: "
            "false."
        )
    if log:
        center, scale = robust(np.log(found.sample))
        bounds = {"low": float(found.low), "high": float(found.high)}
        return _decided(plan, kind, why, log=True, center=center, scale=scale, **bounds)
    return _decided(plan, kind, why, **_standardised(found, kind))


def _standardised(found: Numbers, kind: str) -> dict[str, float]:
    """origin, center, scale, low and high."""
    middle = float(np.median(found.sample))
    off, scale = robust(found.sample - middle)
    origin, most = 0.0, max(abs(found.low), abs(found.high))
    if kind == REAL and most * 2.0**-24 > DIGITS * scale:
        origin = float(np.rint(middle)) if scale > 1 else middle
    place = {"origin": origin, "center": middle - origin + off, "scale": scale}
    return place | {"low": float(found.low), "high": float(found.high)}


def _heavy(sample: np.ndarray) -> bool:
    low, middle, high = np.quantile(sample, (0.05, 0.5, 0.95))
    return bool(high - middle >= HEAVY * (middle - low) > 0)


def _date(plan: Plan, found: Times) -> Decision:
    origin = float(np.floor(found.low))
    center, scale = robust(found.sample - origin)
    first, last = (
        np.datetime64(int(np.floor(day)), "D").astype(str) for day in (found.low, found.high)
    )
    why = f"from {first} to {last}"
    cycles = found.cycles
    why += f", with the time of {' and '.join(cycles)}" if cycles else ""
    facts = {"origin": origin, "center": center, "scale": scale}
    facts |= {"low": float(found.low), "high": float(found.high)}
    spacing = 1.0 if found.whole_days else None
    return _decided(plan, DATE, why, cycles=cycles, spacing=spacing, **facts)


def _words(plan: Plan, found: Words, unseen: str) -> Decision:
    said, counts = plan.override, found.counts
    if len(counts) < 2 and not said.words:
        return Decision(plan.name, None, _constant(plan, next(iter(counts), None)))
    if said.words:
        return _declared(plan, found, unseen)
    pair = no_and_yes(counts)
    if pair is not None and plan.kind in (None, BOOLEAN):
        return _decided(plan, BOOLEAN, f"{pair[0]} and {pair[1]} alone", words=pair)
    if plan.kind == BOOLEAN:
        if len(counts) != 2:
            raise DatasetError(
                f"{said.where} is to be boolean and has {len(counts):,} different words; wanted: "
                "two."
            )
        return _decided(plan, BOOLEAN, f"{said.by} says so", words=in_order([*counts]))
    if unseen == OTHER:
        return _with_other(plan, found)
    if len(counts) > MOST_WORDS:
        raise DatasetError(
            f"The column {plan.name!r:.60} has {len(counts):,} different words in "
            f"{counts.total():,} training rows, and a category has at most {MOST_WORDS:,} here. "
            "Say drop: true in columns.yaml (zoo columns FILE), or make one word of the rare ones "
            "with --unseen other."
        )
    why = f"{len(counts):,} different words"
    decision = _decided(plan, CATEGORICAL, why, words=in_order([*counts]))
    if counts.total() >= IDENTIFIERS and len(counts) >= NEARLY * counts.total():
        note = (
            f"{plan.name!r:.60} has {len(counts):,} different words in {counts.total():,} training "
            f"rows, as {next(iter(counts))!r:.40}: what hardly comes twice says nothing of other "
            "rows. Leave it out: drop: true in columns.yaml (zoo columns FILE)."
        )
        return replace(decision, note=note)
    return decision


def _with_other(plan: Plan, found: Words) -> Decision:
    common = [w for w, n in found.counts.most_common(MOST_WORDS - 1) if n >= RARE]
    words = in_order(common)
    if not {*words} - {OTHER}:
        return Decision(plan.name, None, f"every word has fewer than {RARE} training rows")
    words += () if OTHER in words else (OTHER,)
    rare = len(found.counts) - len(common)
    why = f"{len(found.counts):,} different words, {rare:,} of them rare: {OTHER}"
    return _decided(plan, CATEGORICAL, why, words=words, other=words.index(OTHER))


def _declared(plan: Plan, found: Words, unseen: str) -> Decision:
    """Words that the user, or a frame, lists."""
    kind, words = plan.kind or CATEGORICAL, plan.override.words
    other = None
    if unseen == OTHER and kind == CATEGORICAL:
        words += () if OTHER in words else (OTHER,)
        other = words.index(OTHER)
    strange = [word for word in found.counts if word not in words]
    if strange and other is None:
        raise DatasetError(
            f"{plan.override.where or f'The column {plan.name!r:.60}'}: {len(strange)} words of "
            f"the table are not among its words, as {strange[0]!r:.60}. Add them, or "
            "name them as missing: [...]."
        )
    return _decided(plan, kind, f"{len(words)} words, as listed", words=words, other=other)


def _decided(plan: Plan, kind: str, why: str, **facts: object) -> Decision:
    said = plan.override
    if said.kind == kind and why != f"{said.by} says so":
        why = f"as {said.by} says; {why}"
    if plan.look.missing:
        why += f"; {plan.look.missing / plan.look.rows:.1%} missing"
    column = Column(
        plan.name,
        kind,
        unit=said.unit or plan.unit,
        missing=plan.look.missing > 0,
        written=plan.written(kind),
        **facts,  # type: ignore[arg-type]
    )
    return Decision(plan.name, column, why)


def _constant(plan: Plan, value: str | None) -> str:
    """Why a column of one value is left out."""
    if value is None or value == "inf":
        return "every value of the training rows is missing"
    missing = " or missing" if plan.look.missing else ""
    return f"every training row has one value{missing}, {value!r:.40}"


def in_order(words: list[str]) -> tuple[str, ...]:
    """Numbers by size, and before other words."""

    def key(word: str) -> tuple[bool, float, str]:
        try:
            return False, float(word), word
        except ValueError:
            return True, 0.0, word

    return tuple(sorted(words, key=key))
