"""Answers what `workers.py` asks of chunks of strings, on standard input and output, as pickles.

Run by its path, and loads `chemistry.py` by its own: importing `zoo.evaluation` loads Keras, which
takes each process seconds and hundreds of MiB, and none of it is needed to read molecules.
"""

import importlib.util
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that asks
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    spec = importlib.util.spec_from_file_location(
        "zoo_chemistry", Path(__file__).with_name("chemistry.py")
    )
    assert spec is not None and spec.loader is not None  # it lies there
    chemistry = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(chemistry)
    with chemistry.silent():
        while True:
            try:
                task, strings, options = pickle.load(sys.stdin.buffer)
            except EOFError:
                return
            try:
                answer = "", chemistry.TASKS[task](strings, options)
            except Exception:
                answer = traceback.format_exc(), None
            pickle.dump(answer, answers)
            answers.flush()


if __name__ == "__main__":
    main()
