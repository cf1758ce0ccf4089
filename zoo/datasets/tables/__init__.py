"""Tables: .csv, .tsv, .parquet and .npz files and frames, a law of its own for each column.

A table is read three times, some MiB at a time, so that it may be larger than memory:

1. `looks`: every row, for what a column may be, and for what is wrong with the table.
2. `statistics`: the training rows, for words, medians and quartiles.
3. `rows`: every row once more, as float32, in memory or in a file that is kept.
"""
