"""The comparison itself, at its borders, with values worked out by hand."""

import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from zoo.artifact.endpoints import BOUND, FEATURE, NATS, Endpoint, Tensor
from zoo.errors import ArtifactError, ExportError
from zoo.runtime import replay as replays
from zoo.runtime import replay_in_words

ENDPOINT = Endpoint(
    "decode",
    (Tensor("z", "float32", ("batch", 1)),),
    (
        Tensor("probability", "float32", ("batch", 1), "probability"),
        Tensor("real", "float32", ("batch", 1)),
    ),
)
ROWS = 64


def f32(*values):
    return np.array(values, np.float32)


def equal(name, expected, actual):
    """Whether one value is accepted where another is expected."""
    tensor = next(t for t in ENDPOINT.outputs if t.name == name)
    return replays._compare("test", ENDPOINT, tensor, f32(expected), f32(actual)).ok


@pytest.mark.parametrize(
    "expected, actual, absolute, relative",
    [
        ([1.0, 2.0], [1.5, 2.0], 0.5, 0.5),
        ([100.0], [101.0], 1.0, 0.01),
        ([100.0], [50.0], 50.0, 0.5),
        ([50.0], [100.0], 50.0, 1.0),  # relative to what is expected, not to what is given
        ([-4.0], [4.0], 8.0, 2.0),
        ([0.001], [0.002], 0.001, 1.0),
        ([0.0], [1e-6], 1e-6, np.inf),  # zeros have no scale
        ([[0.0, 4.0]], [[0.1, 4.0]], 0.1, 0.025),  # of the same example's largest magnitude
        ([[0.0, 4.0], [0.0, 0.5]], [[0.1, 4.0], [0.1, 0.5]], 0.1, 0.2),  # example by example
        ([1e6, 1e-3], [1e6, 1e-3], 0.0, 0.0),
        ([], [], 0.0, 0.0),
    ],
)
def test_errors_are_the_largest_of_each_kind(expected, actual, absolute, relative):
    found = replays.errors(np.array(expected), np.array(actual))
    assert found == pytest.approx((absolute, relative), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("seed", range(10))
def test_errors_agree_with_a_loop_over_the_values(seed):
    generator = np.random.default_rng(seed)
    expected, actual = generator.normal(size=(2, 30)) * 10.0 ** generator.integers(-4, 4, 30)
    pairs = [(float(e), float(a)) for e, a in zip(expected, actual, strict=True)]
    absolute = max(abs(a - e) for e, a in pairs)
    relative = max(abs(a - e) / abs(e) for e, a in pairs)  # one value an example
    assert replays.errors(expected, actual) == pytest.approx((absolute, relative))


def test_errors_of_float32_values_are_measured_in_more_digits_than_they_have():
    absolute, _ = replays.errors(f32(1.0), f32(1.0 + 2.0**-23))
    assert absolute == 2.0**-23


@pytest.mark.parametrize(
    "expected, actual, ok",
    [
        (0.5, 0.5 + 2.0**-17, True),  # 0.0000076
        (0.5, 0.5 + 2.0**-16, False),  # 0.0000153
        (1e-9, 9e-6, True),  # a probability's error is absolute
        (0.0, 1.1e-5, False),
        (1.0, 1.0, True),
    ],
)
def test_probabilities_may_differ_by_1e_5(expected, actual, ok):
    assert equal("probability", expected, actual) is ok


@pytest.mark.parametrize(
    "expected, actual, ok",
    [
        (1.0, 1.0 + 2.0**-14, True),  # 0.000061
        (1.0, 1.0 + 2.0**-13, False),  # 0.000122
        (-1024.0, -1024.0625, True),  # 0.000061 of 1024
        (-1024.0, -1024.125, False),  # 0.000122 of 1024
        (0.0, 0.0, True),
        (0.0, 1e-9, False),
        (1.0, -1.0, False),
    ],
)
def test_other_values_may_differ_by_1e_4_of_their_size(expected, actual, ok):
    assert equal("real", expected, actual) is ok


@pytest.mark.parametrize(
    "kl, ok",
    [
        (2.0**-8, True),  # 0.000061 of 64, the reconstruction
        (-(2.0**-8), True),
        (2.0**-7, False),  # 0.000122 of 64
    ],
)
def test_a_sampled_kl_may_differ_by_1e_4_of_the_bound_it_is_a_part_of(tmp_path, kl, ok):
    nats = ("elbo", "reconstruction", "kl")
    endpoint = score(kl=BOUND)
    wanted = {name: np.full(ROWS, 64.0, np.float32) for name in nats}
    wanted["kl"] = np.zeros(ROWS, np.float32)
    write(tmp_path, "score", {"x": np.zeros((ROWS, 1), np.float32)}, wanted)

    def run(name, inputs):
        answer = {name: values[: len(inputs["x"])] for name, values in wanted.items()}
        return answer | {"kl": answer["kl"] + np.float32(kl)}

    rows = replays.replay("onnx", run, endpoint, tmp_path)
    assert {row.ok for row in rows if row.output == "kl"} == {ok}
    assert all(row.ok for row in rows if row.output != "kl")
    exact = score(kl=NATS)
    rows = replays.replay("onnx", run, exact, tmp_path)
    assert not any(row.ok for row in rows if row.output == "kl")


@pytest.mark.parametrize(("feature", "ok"), [(0, True), (1, False)])
def test_each_feature_is_as_exact_as_itself_is_large(tmp_path, feature, ok):
    """An error of 0.01 is a thousandth of a percent of 1000 and one percent of 1."""
    outputs = (Tensor("x_mean", "float32", ("batch", 2), FEATURE),)
    endpoint = Endpoint("decode", (Tensor("z", "float32", ("batch", 1)),), outputs)
    mean = np.tile(np.float32([1000.0, 1.0]), (ROWS, 1))
    mean[3] = 0.0  # by chance: the other rows say how large the feature is
    write(tmp_path, "decode", {"z": np.zeros((ROWS, 1), np.float32)}, {"x_mean": mean})

    def run(name, inputs):
        moved = mean[: len(inputs["z"])].copy()
        moved[:, feature] += np.float32(0.01)
        return {"x_mean": moved}

    rows = replays.replay("onnx", run, endpoint, tmp_path)
    assert {row.ok for row in rows} == {ok}
    assert {row.tolerance for row in rows} == {"1e-04 by feature"}


def score(kl):
    """`score` of events of one value; `kl` is how the KL's error is measured."""
    kinds = {"elbo": BOUND, "reconstruction": BOUND, "kl": kl}
    outputs = tuple(Tensor(name, "float32", ("batch",), kind) for name, kind in kinds.items())
    return Endpoint("score", (Tensor("x", "float32", ("batch", 1)),), outputs)


def write(folder, endpoint, inputs, outputs):
    """Test data of one endpoint, as an artifact holds it."""
    (folder / "test_data").mkdir()
    np.savez(folder / "test_data" / "inputs.npz", **inputs)
    path = folder / "test_data" / f"{endpoint}.npz"
    np.savez(path, rows=np.arange(ROWS), **outputs)


def rewrite(path, **changes):
    """Changes arrays of an .npz."""
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | changes)


def members(path):
    """{name: bytes} of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def claim(path, name, shape):
    """Makes an array of an .npz state another shape than it has."""
    content = members(path)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    content[name] = content[name][:8] + len(header).to_bytes(2, "little") + header.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for each, value in content.items():
            archive.writestr(each, value)


def bomb(path, name):
    """Makes an array of an .npz 256 MiB of zeros, in 256 KiB."""
    content = members(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, value in content.items():
            archive.writestr(each, value + bytes(2**28 if each == name else 0))


def twice(path, name):
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr(name, archive.read(name))


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", ["probability", "real"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_equal_to_nothing(name, bad):
    assert not equal(name, 0.5, bad)
    assert not equal(name, bad, 0.5)
    assert not equal(name, bad, bad)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.astype(np.float64),
        lambda values: values.astype(np.int32),
        lambda values: values.T,
        lambda values: values[:-1],
        lambda values: values[..., None],
        lambda values: values.ravel(),
    ],
)
def test_another_dtype_or_shape_is_an_error_even_where_values_are_equal(replay, change):
    with pytest.raises(ExportError, match=r"onnx decode\.real at batch \d+: it gives .*wanted is"):
        replay(lambda answer: answer | {"real": change(answer["real"])})


@pytest.fixture
def replay(tmp_path):
    """`replays.replay` of a runtime that answers rightly, but for a change to its answers."""
    z = np.linspace(-2, 2, ROWS, dtype=np.float32)[:, None]

    def model(z):
        return {"probability": 1 / (1 + np.exp(-z)), "real": 3 * z}

    write(tmp_path, "decode", {"z": z}, model(z))

    def replay(change=lambda answer: answer, path=tmp_path):
        return replays.replay(
            "onnx", lambda name, inputs: change(model(inputs["z"])), ENDPOINT, path
        )

    replay.path = tmp_path / "test_data" / "decode.npz"
    return replay


def test_a_right_answer_gives_an_equal_row_for_each_output_and_batch(replay):
    rows = replay()
    assert [(r.output, r.batch) for r in rows] == [
        (output, batch) for batch in (1, 3, 64) for output in ("probability", "real")
    ]
    assert all(row.ok for row in rows)
    assert {row.tolerance for row in rows} == {"1e-05 absolute", "1e-04 relative"}


def test_one_wrong_value_in_the_last_row_is_found_at_batch_64_alone(replay):
    def change(answer):
        real = answer["real"].copy()
        real[3:] += np.float32(0.01)
        return answer | {"real": real}

    assert [(r.output, r.batch) for r in replay(change) if not r.ok] == [("real", 64)]


def test_a_missing_or_surplus_output_is_an_error(replay):
    with pytest.raises(ExportError, match=r"it answers \['real'\], the contract wants"):
        replay(lambda answer: {"real": answer["real"]})
    with pytest.raises(ExportError, match="surplus"):
        replay(lambda answer: answer | {"surplus": answer["real"]})


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not a zip"),
        lambda path: path.write_bytes(path.read_bytes()[:200]),
        lambda path: path.write_bytes(path.read_bytes().replace(f32(-6).tobytes(), bytes(4), 1)),
        lambda path: np.savez(path, rows=np.arange(ROWS)),
        lambda path: np.savez(path, rows=np.array([{}], object)),
        lambda path: rewrite(path, rows=np.arange(ROWS) - 1),
        lambda path: rewrite(path, rows=np.arange(ROWS) + 1),
        lambda path: rewrite(path, rows=np.arange(ROWS, dtype=np.int32)),
        lambda path: rewrite(path, rows=np.arange(ROWS)[:3]),
        lambda path: rewrite(path, real=np.zeros((ROWS, 2), np.float32)),
        lambda path: rewrite(path, real=np.zeros((ROWS, 1), np.float64)),
        lambda path: rewrite(path, real=np.zeros((ROWS, 1), ">f4")),
        lambda path: rewrite(path, real=np.zeros((), np.float32)),
        lambda path: rewrite(path, rows=np.zeros(0, int), real=f32(), probability=f32()),
        lambda path: claim(path, "real.npy", shape="(64, 1000000000000)"),
        lambda path: claim(path, "real.npy", shape="(64, 1), 'x': (((((((((1)))))))))"),
        lambda path: bomb(path, "real.npy"),
        lambda path: twice(path, "real.npy"),
    ],
)
def test_test_data_that_cannot_be_read_is_an_error_naming_the_file(replay, spoil):
    spoil(replay.path)
    with pytest.raises(ArtifactError, match=r"decode\.npz (cannot be replayed|is missing)"):
        replay()


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: claim(path, "real.npy", shape="(64, 1000000000000)"),
        lambda path: bomb(path, "real.npy"),
    ],
)
def test_what_test_data_claims_takes_no_memory(replay, spoil):
    spoil(replay.path)
    tracemalloc.start()
    with pytest.raises(ArtifactError, match="cannot be replayed"):
        replay()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_an_interface_must_be_equal_in_names_order_dtypes_and_axes():
    x = Tensor("x", "float32", ("batch", 8, 8, 1))
    outputs = tuple(Tensor(name, "float32", ("batch", 3)) for name in ("mean", "log_var"))
    endpoint = Endpoint("encode", (x,), outputs)
    x = [("x", "float32", ("batch", 8, 8, 1))]
    mean, log_var = (("mean", "float32", ("batch", 3)), ("log_var", "float32", ("batch", 3)))
    replays.require_same_interface(endpoint, x, [mean, log_var])
    for inputs, outputs in (
        ([("image", *x[0][1:])], [mean, log_var]),
        ([("x", "float64", x[0][2])], [mean, log_var]),
        ([("x", "float32", (1, 8, 8, 1))], [mean, log_var]),
        ([("x", "float32", ("batch", 1, 8, 8))], [mean, log_var]),
        (x, [log_var, mean]),
        (x, [mean]),
        (x, [mean, log_var, mean]),
    ):
        with pytest.raises(ExportError, match="encode: its"):
            replays.require_same_interface(endpoint, inputs, outputs)


def test_the_table_says_which_rows_differ(replay):
    rows = replay(lambda answer: answer | {"real": answer["real"] * np.float32(1.01)})
    for line in replay_in_words.table(rows).splitlines()[1:]:
        assert ("DIFFERS" in line) == (" real " in line) and ("equal" in line) != (
            "DIFFERS" in line
        )
    head, rule, *body = replay_in_words.table(rows, markdown=True).splitlines()
    assert {line.count("|") for line in (head, rule, *body)} == {9} and len(body) == len(rows)


def test_the_summary_names_the_worst_output_and_batch_of_each_endpoint(replay):
    rows = replay(lambda answer: answer)
    head, line = replay_in_words.summary(rows).splitlines()
    assert head.split()[:3] == ["runtime", "endpoint", "outputs"] and line.endswith("equal")
    rows = replay(lambda answer: answer | {"real": answer["real"] * np.float32(1.01)})
    bad = [row for row in rows if not row.ok]
    (line,) = replay_in_words.summary(rows).splitlines()[1:]
    assert f"  real at {bad[0].batch}  " in line and line.endswith(f"{len(bad)} DIFFER")


def test_the_worst_is_by_its_tolerance_and_not_by_its_size():
    of = {"runtime": "onnx", "endpoint": "score", "batch": 1, "ok": True}
    rows = [
        replays.Row(output="nats", max_abs=2e-2, max_rel=1e-6, tolerance="1e-04 of the nats", **of),
        replays.Row(output="mean", max_abs=9e-6, max_rel=9e-1, tolerance="1e-05 absolute", **of),
        replays.Row(output="codes", max_abs=0.0, max_rel=0.0, tolerance="none", **of),
    ]
    assert "mean at 1" in replay_in_words.summary(rows)
