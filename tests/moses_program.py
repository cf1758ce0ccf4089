"""MOSES' own program, as it was published in 2020, made to run beside today's libraries.

Run:       python tests/moses_program.py WHEEL FOLDER < strings.json

Unpacks the wheel to the folder and writes what `moses.get_all_metrics` makes of the lists that the
JSON has, {"gen", "train", "test", "test_scaffolds"}, as JSON. The names that libraries took away
since are given back here: `numpy.NaN`, `pandas.DataFrame.append`, `rdkit.six`; its FCD is that of
`fcd_torch`, NaN where this is not installed. Nothing else is changed.
"""

import contextlib
import json
import sys
import types
import zipfile


def main(wheel, folder):
    lists = json.load(sys.stdin)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    sys.path.insert(0, folder)
    give_back()
    with contextlib.redirect_stdout(sys.stderr):
        from moses.metrics import get_all_metrics

        metrics = get_all_metrics(**lists)
    json.dump({name: float(value) for name, value in metrics.items()}, sys.stdout)


def give_back():
    """Names that MOSES' program uses and that its libraries have no more."""
    import numpy as np
    import pandas as pd
    from rdkit.Chem import Crippen  # noqa: F401  (once it came with rdkit.Chem.Descriptors)

    np.NaN = np.nan
    pd.DataFrame.append = lambda self, other, sort=False: pd.concat([self, other], sort=sort)
    sys.modules["rdkit.six"] = types.SimpleNamespace(iteritems=lambda each: iter(each.items()))
    try:
        import fcd_torch  # noqa: F401
    except ImportError:
        sys.modules["fcd_torch"] = types.SimpleNamespace(FCD=NoDistance)


class NoDistance:
    """In place of an FCD."""

    def __init__(self, **options):
        pass

    def precalc(self, smiles):
        return {}

    def __call__(self, gen, pref):
        return float("nan")


if __name__ == "__main__":
    main(*sys.argv[1:])
