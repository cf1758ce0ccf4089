"""SMILES strings that tests share: molecules of many kinds, and what is none."""

MOLECULES = (
    "CCO",
    "OCC",  # the same
    "C",
    "c1ccccc1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "O=C(NC1CCCCC1)c1ccc(-c2ccccc2)cc1",
    "c1ccc(-c2ccccc2)cc1",
    "Cc1ccc(-c2ccc(C)cc2)cc1",
    "COc1ccc(CNC(=O)c2cccnc2)cc1",
    "O=S(=O)(Nc1ccccn1)c1ccc(F)cc1",
    "Clc1ccc2[nH]ccc2c1",
    "CC1CCN(C(=O)c2ccc(Br)s2)CC1",
    "C1CCCCCCC1",  # a ring of eight
    "C[N+](C)(C)CC([O-])=O",  # charged
    "CC(=O)O.[Na]",
    "O=Cc1ccccc1",  # an aldehyde
    "OB(O)c1ccccc1",  # an element that the filters do not allow
    "F[C@H](Cl)Br",
    "C/C=C\\C",
    "[13CH4]",
    "O=C1CCC2(CC1)OCCO2",
    "C1CC2CCC1CC2",
    "[H][H]",
    "*",
    "N#N",
)

NONE = ("C(", "c1cccc", "", "not a molecule", "CC(C)(C)(C)C", None, "\ud800")
"""Strings that are no molecule."""
