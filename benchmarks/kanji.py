"""Make an .npz of strokes, laid out as those of sketch-rnn are, of KanjiVG's drawings of kanji.

Run:       python -m pip download --no-deps kanjivg
           python benchmarks/kanji.py kanjivg-*.whl kanji.npz
           python recipes/stroke_vae.py --dataset kanji.npz
Result:    benchmarks/kanji.md

The package `kanjivg` ships an SVG a character, whose paths are its strokes in the order and the
direction in which they are written: KanjiVG, by Ulrich Apel and contributors, licensed CC BY-SA 3.0
(kanjivg.tagaini.net), which what is made of it keeps. Curves are followed in `FOLLOWED` points each
and simplified to `TOLERANCE` of a square 109 wide; drawings begin at its `MIDDLE`. Of the
kanji of the block U+4E00 to U+9FFF a twentieth each is `valid` and `test`.
"""

import argparse
import re
import xml.etree.ElementTree
import zipfile
from pathlib import Path

import numpy as np

from zoo.datasets import strokes

FOLLOWED = 12
TOLERANCE = 2.0
MIDDLE = (54.0, 54.0)
SEED = 0
_TOKEN = re.compile(r"[MmCcSsLlHhVvZz]|-?\d*\.?\d+(?:e-?\d+)?")
_NUMBERS = {"M": 2, "C": 6, "S": 4, "L": 2, "H": 1, "V": 1}


def points(path):
    """An SVG path of one stroke -> [n, 2] along it: its ends, and points of its curves."""
    tokens, at = _TOKEN.findall(path), 0
    here = control = np.zeros(2)
    followed, command = [], "M"
    while at < len(tokens):
        if tokens[at].isalpha():
            command, at = tokens[at], at + 1
            continue
        count = _NUMBERS[command.upper()]
        given = np.array(tokens[at : at + count], float)
        at += count
        origin = here if command.islower() else np.zeros(2)
        if command in "HhVv":
            axis = "HV".index(command.upper())
            there = here.copy()
            there[axis] = origin[axis] + given[0]
            given = there[None]
        else:
            given = given.reshape(-1, 2) + origin
        if command in "Ss":
            given = np.concatenate([2.0 * here[None] - control, given])
        if command in "CcSs":
            followed += list(_curve(np.concatenate([here[None], given])))
            control = given[1]
        else:
            followed.append(given[-1])
            control = given[-1]
        here = given[-1]
        command = {"M": "L", "m": "l"}.get(command, command)
    return np.array(followed)


def _curve(four):
    """Points of a cubic Bezier curve, its beginning left out."""
    t = np.linspace(0.0, 1.0, FOLLOWED + 1)[1:, None]
    u = 1.0 - t
    return u**3 * four[0] + 3 * u * u * t * four[1] + 3 * u * t * t * four[2] + t**3 * four[3]


def read(wheel):
    """{code point: drawing} of every kanji in the package's archive."""
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            named = re.fullmatch(r"kanji/([0-9a-f]{5})\.svg", name)
            if not named or not 0x4E00 <= int(named[1], 16) <= 0x9FFF:
                continue
            root = xml.etree.ElementTree.fromstring(archive.read(name))
            paths = [e.get("d") for e in root.iter() if e.tag.endswith("}path")]
            found[int(named[1], 16)] = strokes.drawing(
                [strokes.simplified(points(path), TOLERANCE) for path in paths], MIDDLE
            )
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="kanjivg-*.whl")
    parser.add_argument("target", type=Path, help="the .npz to write")
    arguments = parser.parse_args()
    drawings = list(read(arguments.wheel).values())
    order = np.random.default_rng(SEED).permutation(len(drawings))
    held = len(drawings) // 20
    parts = {"test": order[:held], "valid": order[held : 2 * held], "train": order[2 * held :]}
    arrays = {}
    for part, chosen in parts.items():
        arrays[part] = np.empty(len(chosen), object)
        arrays[part][:] = [drawings[i] for i in chosen]
    np.savez_compressed(arguments.target, **arrays)
    steps = np.array([len(each) for each in drawings])
    print(
        f"{len(drawings):,} kanji, {steps.min()} to {steps.max()} steps, median "
        f"{np.median(steps):.0f}, 99 % at {np.quantile(steps, 0.99):.0f}: {arguments.target}"
    )


if __name__ == "__main__":
    main()
