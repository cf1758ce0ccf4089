"""Object arrays are read as data: whatever else a pickle would do is not done."""

import io
import os
import pickle
import struct

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import pickled
from zoo.errors import DatasetError

ROWS = [
    np.arange(6, dtype="<i2").reshape(2, 3),
    np.asfortranarray(np.arange(12.0).reshape(4, 3)),
    np.arange(3, dtype=">i4").reshape(1, 3),
    np.zeros((0, 3), np.float32),
    np.array([[True, False, True]]),
]


def objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_is_read_is_what_was_pickled(protocol):
    read = pickled.read(io.BytesIO(pickle.dumps(objects(ROWS), protocol)))
    for given, wanted in zip(read, ROWS, strict=True):
        assert given.dtype == wanted.dtype
        np.testing.assert_array_equal(given, wanted)


def python_2(rows):
    """What `np.savez` of Python 2 writes of int16 arrays: its text is bytes, its module numpy.core.

    Made by the opcodes: PROTO, GLOBAL, SHORT_BINSTRING, TUPLE, REDUCE, BUILD.
    """

    def text(of):
        return b"U" + bytes([len(of)]) + of

    def whole(number):
        return b"J" + struct.pack("<i", number)

    def dtype(code, order, flags_of_type):
        flags = whole(0) + whole(1)
        state = b"(" + whole(3) + text(order) + b"NNN" + whole(-1) * 2
        state += whole(flags_of_type) + b"t"
        return b"cnumpy\ndtype\n(" + text(code) + flags + b"tR" + state + b"b"

    def array(shape, kind, data):
        head = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + whole(0) + b"t"
        state = b"(" + whole(1) + b"(" + b"".join(map(whole, shape)) + b"t" + kind + b"\x89"
        return head + text(b"b") + b"tR" + state + data + b"tb"

    elements = b"]" + b"".join(
        array(row.shape, dtype(b"i2", b"<", 0), text(row.tobytes())) + b"a" for row in rows
    )
    return b"\x80\x02" + array((len(rows),), dtype(b"O8", b"|", 63), elements) + b"."


def test_pickles_of_python_2_are_read():
    rows = [np.array([[200, -3, 0], [7, 129, 1]], "<i2"), np.array([[-300, 0, 1]], "<i2")]
    written = python_2(rows)
    by_numpy = pickle.loads(written, encoding="latin1")  # it is what NumPy itself would read
    for given, wanted, again in zip(pickled.read(io.BytesIO(written)), rows, by_numpy, strict=True):
        np.testing.assert_array_equal(given, wanted)
        np.testing.assert_array_equal(again, wanted)


class Evil:
    """Makes a file when it is unpickled by Python's own unpickler."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("place", ["alone", "element"])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_a_pickle_that_would_run_a_command_is_refused_and_runs_nothing(tmp_path, suffix, place):
    made = tmp_path / "made"
    array = objects([Evil(made), *ROWS] if place == "element" else [Evil(made)])
    path = tmp_path / f"evil{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, array)
    with pytest.raises(DatasetError, match=r"asks for \w+\.system.*nothing of it was run"):
        datasets.load(path)
    assert not made.exists()
    pickle.loads(pickle.dumps(array))
    assert made.exists()  # it would have


GLOBALS = [b"cbuiltins\neval\n", b"cnumpy\nload\n", b"cnumpy.core.multiarray\nscalar\n"]


@pytest.mark.parametrize("name", GLOBALS)
def test_no_name_is_given_but_those_of_arrays(name):
    with pytest.raises(DatasetError, match="was refused"):
        pickled.read(io.BytesIO(b"\x80\x02" + name + b"."))


@pytest.mark.parametrize(
    "stream",
    [
        b"\x80\x02cnumpy\ndtype\n}b.",  # a state for a function
        b"\x80\x02]Pnow\n.",  # something outside
        b"\x80\x02].",
        b"",
    ],
)
def test_what_is_no_array_is_refused(stream):
    with pytest.raises((ValueError, EOFError, pickle.UnpicklingError)):
        pickled.read(io.BytesIO(stream))


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        (["a", "b"], "is a str"),
        ([None], "is a NoneType"),
        ([objects(ROWS)], "holds objects"),
        ([np.array(["a"])], "dtype U1"),
    ],
)
def test_elements_that_are_no_numbers_are_refused(elements, said):
    with pytest.raises(DatasetError, match=said):
        pickled.read(io.BytesIO(pickle.dumps(objects(elements), 4)))


def test_a_state_that_promises_more_than_it_holds_is_refused():
    written = python_2([np.zeros((1, 3), "<i2")])
    longer = written.replace(
        struct.pack("<i", 1) + b"J" + struct.pack("<i", 3),
        b"\xff" * 3 + b"\x0f" + b"J" + struct.pack("<i", 3),
    )
    assert longer != written
    with pytest.raises(ValueError, match="bytes for"):
        pickled.read(io.BytesIO(longer))
