"""A folder of 300 crops of the two photographs that scikit-learn ships: few and large pictures.

Run:       python benchmarks/photographs.py 64 crops64
           python recipes/conv_vae.py --dataset crops64
Kept in:   benchmarks/photographs.md

Crops are taken from the photographs in turn (427x640, a temple and a flower), at places drawn with
seed 0, and overlap: a test crop shows what training crops show, elsewhere in the picture.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

SEED = 0


def crops(side, count):
    """`count` crops of `side` x `side` pixels: uint8 [side, side, 3] each."""
    rng, photographs = np.random.default_rng(SEED), load_sample_images().images
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        row, column = (rng.integers(size - side) for size in photograph.shape[:2])
        yield photograph[row : row + side, column : column + side]


def main():
    """Writes the crops as .png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", type=int, help="pixels, below 427")
    parser.add_argument("folder", type=Path, help="is made")
    parser.add_argument("--count", type=int, default=300)
    given = parser.parse_args()
    given.folder.mkdir(parents=True)
    for number, crop in enumerate(crops(given.side, given.count)):
        Image.fromarray(crop).save(given.folder / f"{number:03d}.png")


if __name__ == "__main__":
    main()
