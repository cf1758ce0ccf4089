"""Strings, one example each: molecules as SMILES or SELFIES, names, words, peptides.

`lines` reads files and `tfds_texts` TensorFlow Datasets, `kept` cuts strings into tokens and counts
what is left out, `molecules` knows which of them RDKit reads, and `loading` makes a
`zoo.datasets.Dataset` of them.
"""
