"""Inputs of any type, shape and value: each is answered rightly or refused with a sentence.

Run:       python benchmarks/fuzz_inputs.py exports/dense_vae-mnist --count 50000
Prints:    each case that is not as wanted, and at the end the counts of all outcomes

A case calls an endpoint with arrays and lists that nearly fit, or do not at all: any dtype and byte
order, masked, empty, ragged, strided, read-only or of one repeated row, objects, strings, dates,
numbers at and beyond every border, by position and by name, on the device and off it. What is
answered must be what plain ONNX Runtime gives for the value that was meant, bit for bit, where it
was within the contract, rounded to float32 where real numbers are wanted; what was beyond it must
be refused, never wrapped or clamped.
"""

import random
import sys
import warnings

import fuzzing

DTYPES = [
    *(
        "f4",
        "f4",
        "f4",
        "f4",
        "f4",
        "f8",
        "f2",
        ">f4",
        "i8",
        "i4",
        "i4",
        "i8",
        "i2",
        "i1",
        "u1",
        "u1",
    ),
    *("u2", "u4", "u8", ">i4", ">i8", "?", "c8", "c16", "S3", "U3", "O", "M8[s]", "m8[s]", "V4"),
    *("g", "f4,i4"),
]
EDGES = [
    *(0.0, -0.0, 1.0, 0.5, -1e-9, 1.0000001, 1.001, -1.0, 2.0, 127.0, 255.0, 256.0, 1e38, -1e38),
    *(1e-45, float("nan"), float("inf"), -float("inf"), 3.4e38, 65504.0),
]
WHOLE = [
    0,
    1,
    3,
    9,
    10,
    11,
    -1,
    2**31 - 1,
    2**31,
    2**32 + 3,
    2**63 - 1,
    -(2**63),
    2**63,
    2**64,
    10**30,
]


class Campaign:
    """Cases of one artifact."""

    def __init__(self, given):
        import numpy as np
        import onnxruntime

        import zoo
        from zoo.errors import ZooError

        self.np, self.ort, self.errors = np, onnxruntime, ZooError
        self.seed = given.seed
        self.vae = zoo.load(given.artifact, threads=1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.plain = {
            name: onnxruntime.InferenceSession(
                f"{self.vae.folder}/onnx/{name}.onnx", options, ["CPUExecutionProvider"]
            )
            for name in self.vae.endpoints
        }
        warnings.simplefilter("error")  # a warning would reach the user, too

    def __call__(self, number):
        """The outcome of one case, and a sentence."""
        dice = random.Random(f"{self.seed}-{number}")
        name = dice.choice(list(self.vae.endpoints))
        endpoint = self.vae.endpoints[name]
        rows = dice.choice((0, 1, 1, 2, 3, 5, 70))
        with warnings.catch_warnings(action="ignore"):
            given = {t.name: self.value(t, rows, dice) for t in endpoint.inputs}
        call = getattr(self.vae, name)
        call = call.on_device if dice.random() < 0.2 else call
        what = f"{name}: " + "; ".join(f"{k} {_described(v)}" for k, v in given.items())
        arguments, named = self.passed(given, dice)
        fits = {*list(given)[: len(arguments)], *named} == {*given}
        fits = fits and len(arguments) + len(named) == len(given)
        try:
            answer = call(*arguments, **named)
        except self.errors as error:
            sentence = str(error)
            if not sentence.isprintable() or len(sentence) > 1000:
                return "badly said", f"{sentence!r} to {what}"
            if fits and self.within(endpoint, given):
                return "refused wrongly", f"{sentence} to {what}"
            return "refused", what
        if not (fits and self.within(endpoint, given)):
            return "taken wrongly", what
        return self.compared(name, endpoint, given, answer, what)

    def passed(self, given, dice):
        """(arguments by position, by name), mostly as they should be."""
        names, values = list(given), list(given.values())
        chance = dice.random()
        if chance < 0.5:
            return values, {}
        if chance < 0.95:
            cut = dice.randrange(len(names) + 1)
            return values[:cut], dict(zip(names[cut:], values[cut:], strict=True))
        if chance < 0.97:
            return [*values, values[0]], {}
        return [], {f"{name}s": value for name, value in given.items()}

    def value(self, tensor, rows, dice):
        """Something that may or may not be meant by a tensor."""
        np = self.np
        shape = [rows, *tensor.shape[1:]]
        if dice.random() < 0.12:
            change = dice.randrange(5)
            if change == 0:
                shape.append(1)
            elif change == 1:
                shape.pop()
            elif change == 2:
                shape[dice.randrange(len(shape))] += dice.choice((1, 2))
            elif change == 3:
                shape.reverse()
            else:
                shape = dice.choice(([], [0], [1], [2, 0], [1] * 12))
        dtype = tensor.dtype if dice.random() < 0.5 else dice.choice(DTYPES)
        array = self.filled(np, shape, np.dtype(dtype), tensor, dice)
        return self.wrapped(np, array, dice)

    def filled(self, np, shape, dtype, tensor, dice):
        """An array of ordinary values, or with some at a border."""
        generator = np.random.default_rng(dice.randrange(2**32))
        kind = dtype.kind
        if kind in "iu":
            limits = np.iinfo(dtype)
            top = min(tensor.below or 256, limits.max)
            array = generator.integers(0, top, shape).astype(dtype)
            edges = [n for n in (*WHOLE, limits.min, limits.max) if limits.min <= n <= limits.max]
        elif kind in "fc":
            array = np.asarray(generator.random(shape)).astype(dtype)
            edges = EDGES
            if dice.random() < 0.1 and kind == "f":
                array = np.asarray(array * dice.choice((255, 2, -1))).astype(dtype)
        else:
            try:
                array = np.asarray(generator.integers(0, 9, shape)).astype(dtype)
            except (TypeError, ValueError):
                array = np.zeros(shape, dtype)
            return array
        if array.size and dice.random() < 0.3:
            array.flat[dice.randrange(array.size)] = dice.choice(edges)
        return array

    def wrapped(self, np, array, dice):
        """The array in another guise."""
        chance = dice.random()
        if chance < 0.45:
            return array
        if chance < 0.6:
            return array.tolist() if array.dtype.kind != "V" else array
        if chance < 0.65:
            return list(array) if array.ndim else array
        if chance < 0.7:
            return np.asfortranarray(array)
        if chance < 0.75 and array.ndim and len(array):
            return np.repeat(array, 2, axis=0)[::2]
        if chance < 0.79 and array.ndim and len(array):
            return np.broadcast_to(array[:1], array.shape)
        if chance < 0.82:
            array.flags.writeable = False
            return array
        if chance < 0.87:
            return np.ma.array(array, mask=dice.choice((False, True)))
        if chance < 0.89:
            return [np.ma.array(array)]
        if chance < 0.91:
            return memoryview(np.ascontiguousarray(array)) if array.dtype.kind in "fiu" else array
        if chance < 0.93 and array.ndim and array.dtype.kind in "fiu":
            return [*array.tolist(), dice.choice(([], [[1]], None, "a", 10**30, 1j, object()))]
        strange = (
            None,
            "abc",
            b"\x00",
            5,
            0.5,
            {},
            set(),
            object(),
            [],
            (),
            [[]],
            [[], []],
            range(3),
        )
        return dice.choice(strange) if chance > 0.96 else array

    def meant(self, tensor, value):
        """The array that a value means by the contract; None where it means none."""
        np = self.np
        if isinstance(value, (list, tuple)) and not value:
            return np.empty((0, *tensor.shape[1:]), tensor.dtype)
        masked = isinstance(value, np.ma.MaskedArray) or (
            isinstance(value, list) and any(isinstance(each, np.ma.MaskedArray) for each in value)
        )
        if masked:
            return None
        try:
            with warnings.catch_warnings(action="ignore"):
                array = np.asarray(value)
        except Exception:
            return None
        if array.dtype.kind not in "biuf" or list(array.shape[1:]) != list(tensor.shape[1:]):
            return None
        if not array.ndim:
            return None
        schema = self.vae.schema if tensor.name == "x" else None
        if tensor.dtype != "float32":
            return self.whole(tensor, array)
        if array.dtype == np.uint8 and schema is not None and schema.uint8:
            low, high = schema.range
            found = np.float32(low) + np.divide(array, 255, dtype=np.float32) * np.float32(
                high - low
            )
        else:
            with np.errstate(over="ignore"):
                found = array.astype(np.float32)
            if array.dtype.kind in "iu" and array.size:
                pairs = zip(array.flat, found.flat, strict=True)
                if not all(int(n) == int(f) and abs(int(n)) < 2**53 for n, f in pairs):
                    return None
        low, high = schema.range if schema is not None else (-np.inf, np.inf)
        slack = 1e-6 * (high - low) if np.isfinite(high - low) else 1e-6
        fits = np.isfinite(found).all() and ((found >= low - slack) & (found <= high + slack)).all()
        return found if fits else None

    def whole(self, tensor, array):
        if array.dtype.kind in "bf":
            return None
        limits = self.np.iinfo(tensor.dtype)
        low, high = limits.min, limits.max
        if tensor.below is not None:
            low, high = 0, tensor.below - 1
        fits = all(low <= int(n) <= high for n in array.ravel())
        return array.astype(tensor.dtype) if fits else None

    def within(self, endpoint, given):
        """Whether all that was given means something."""
        meant = [self.meant(t, given[t.name]) for t in endpoint.inputs]
        return all(m is not None for m in meant) and len({len(m) for m in meant}) == 1

    def compared(self, name, endpoint, given, answer, what):
        """Whether an answer has the bits of plain ONNX Runtime's."""
        np = self.np
        meant = {
            t.name: np.ascontiguousarray(self.meant(t, given[t.name])) for t in endpoint.inputs
        }
        found = [v.numpy() if isinstance(v, self.ort.OrtValue) else v for v in answer]
        rows = len(next(iter(meant.values())))
        if rows:
            expected = self.plain[name].run([t.name for t in endpoint.outputs], meant)
        else:
            expected = [np.empty((0, *t.shape[1:]), t.dtype) for t in endpoint.outputs]
        for tensor, mine, theirs in zip(endpoint.outputs, found, expected, strict=True):
            same = mine.dtype == theirs.dtype and mine.shape == theirs.shape
            if not same or mine.tobytes() != theirs.tobytes():
                return "answered wrongly", f"{tensor.name} of {what}"
        return "answered", what


def _described(value):
    try:
        return f"{type(value).__name__} {value!r:.200}"
    except Exception as error:
        return f"{type(value).__name__} ({error!r})"


def main():
    """Runs the campaign."""
    given = fuzzing.parser(__doc__.splitlines()[0], count=50_000).parse_args()
    return fuzzing.run(given, Campaign)


if __name__ == "__main__":
    sys.exit(main())
