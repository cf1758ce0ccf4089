"""Tensors that stay on the provider's device: the same answers, and no way home between calls."""

import gc

import numpy as np
import onnxruntime
import pytest

import zoo
from zoo.errors import InputError
from zoo.runtime import replay, sessions

SEEDS = np.arange(9)


@pytest.fixture(scope="module")
def vae(artifact):
    return zoo.load(artifact)


def rows(artifact, endpoint, count):
    """{input: the first rows of an endpoint's test data}."""
    given, _ = replay.read(artifact, zoo.load(artifact).endpoints[endpoint])
    return {name: value[:count] for name, value in given.items()}


def test_every_endpoint_answers_as_a_plain_call_does(vae, artifact):
    for name in vae.endpoints:
        given = rows(artifact, name, 5)
        expected, found = getattr(vae, name)(**given), getattr(vae, name).on_device(**given)
        assert found._fields == expected._fields
        for key, value in found._asdict().items():
            assert isinstance(value, onnxruntime.OrtValue) and value.device_name() == "cpu"
            np.testing.assert_array_equal(value.numpy(), getattr(expected, key))


def test_the_output_of_one_endpoint_is_the_input_of_the_next(vae):
    z = vae.generate.on_device(SEEDS).z
    x = vae.decode.on_device(z).x_mean
    again = vae.decode.on_device(z=vae.encode.on_device(x).mean).x_mean
    np.testing.assert_array_equal(x.numpy(), vae.generate(SEEDS).x_mean)
    np.testing.assert_allclose(again.numpy(), vae.reconstruct(x.numpy()).x_mean, atol=1e-5)


def test_an_array_is_copied_once_and_serves_every_endpoint(vae, artifact):
    x = rows(artifact, "encode", 5)["x"]
    expected = vae.encode(x).mean, vae.score(x).elbo
    there = vae.to_device(x)
    x[:] = 7.0  # the caller's memory, of which nothing on the device may depend
    place = there.data_ptr()
    np.testing.assert_array_equal(vae.encode.on_device(there).mean.numpy(), expected[0])
    np.testing.assert_array_equal(vae.score.on_device(there).elbo.numpy(), expected[1])
    assert there.data_ptr() == place


def test_what_numpy_makes_by_default_is_copied_as_float32(vae):
    z = np.random.default_rng(0).normal(size=(2, 3))
    stayed = vae.decode.on_device(vae.to_device(z)).x_mean.numpy()
    np.testing.assert_array_equal(stayed, vae.decode(z).x_mean)


def test_an_empty_batch_gives_an_empty_answer(vae, artifact):
    for name, endpoint in vae.endpoints.items():
        given = rows(artifact, name, 0)
        for plain, stayed in zip(
            getattr(vae, name)(**given), getattr(vae, name).on_device(**given), strict=True
        ):
            assert plain.shape == tuple(stayed.shape()) and plain.shape[0] == 0
        assert [t.dtype for t in endpoint.outputs] == [o.dtype for o in getattr(vae, name)(**given)]


def test_what_stayed_outlives_the_artifact(artifact):
    vae = zoo.load(artifact)
    expected = vae.generate(SEEDS).z
    stayed = vae.generate.on_device(SEEDS).z
    del vae
    gc.collect()
    np.testing.assert_array_equal(stayed.numpy(), expected)


def test_arrays_and_tensors_that_do_not_fit_are_refused_alike(vae):
    images = vae.generate.on_device(SEEDS).x_mean
    shape = r"decode\(z\): given shape \[9, 8, 8, 1\], wanted float32 \[batch, 3\]"
    for value in (images, images.numpy()):
        with pytest.raises(InputError, match=shape):
            vae.decode.on_device(value)
    with pytest.raises(InputError, match=r"decode\(z\): given int64, wanted float32"):
        vae.decode.on_device(vae.to_device(np.zeros((2, 3), np.int64)))
    with pytest.raises(InputError, match=r"nan at \[0, 0\]"):
        vae.decode.on_device(np.full((1, 3), np.nan, np.float32))
    with pytest.raises(InputError, match="decode takes z; it was given"):
        vae.decode.on_device(images, images)


def test_what_no_endpoint_takes_is_not_copied(vae):
    with pytest.raises(InputError, match="to_device: given int16, wanted float32 or int64"):
        vae.to_device(np.zeros((1, 3), np.int16))
    with pytest.raises(InputError, match=r"to_device: given 1e\+39 at \[0\]; float32 holds"):
        vae.to_device(np.array([1e39]))
    with pytest.raises(InputError, match=r"inf at \[1\]; every value must be finite"):
        vae.to_device(np.array([0, np.inf], np.float32))


def test_a_plain_call_says_how_a_tensor_comes_home(vae):
    with pytest.raises(InputError, match=r"OrtValue, .*\.numpy\(\), or call decode\.on_device"):
        vae.decode(vae.generate.on_device(SEEDS).z)


# --- providers -------------------------------------------------------------------------------


def test_cuda_computes_in_float32_unless_its_options_say_otherwise():
    cuda, tf32 = "CUDAExecutionProvider", {"use_tf32": "1", "device_id": "2"}
    assert sessions.with_options(cuda) == [(cuda, {"use_tf32": "0"})]
    assert sessions.with_options([cuda, "CPUExecutionProvider"])[1] == ("CPUExecutionProvider", {})
    assert sessions.with_options([(cuda, {"device_id": 1})]) == [
        (cuda, {"use_tf32": "0", "device_id": 1})
    ]
    assert sessions.with_options([(cuda, tf32)]) == [(cuda, tf32)]


@pytest.mark.parametrize(
    "provider, device",
    [
        (("CUDAExecutionProvider", {}), ("cuda", 0)),
        (("CUDAExecutionProvider", {"device_id": "3"}), ("cuda", 3)),
        (("TensorrtExecutionProvider", {"device_id": 1}), ("cuda", 1)),
        (("CPUExecutionProvider", {}), ("cpu", 0)),
    ],
)
def test_a_providers_tensors_lie_on_its_device(provider, device):
    assert sessions._device(provider) == device


@pytest.mark.parametrize(
    "providers",
    [[], 5, [5], ["CPUExecutionProvider", None], [("CPUExecutionProvider",)], [("a", 1)]],
)
def test_providers_that_cannot_be_are_refused(artifact, providers):
    with pytest.raises(InputError, match="providers: given"):
        zoo.load(artifact, providers=providers)


@pytest.mark.skipif(
    "CUDAExecutionProvider" not in onnxruntime.get_available_providers(), reason="wants CUDA"
)
def test_on_a_gpu_tensors_stay_there_and_answers_are_the_models(
    artifact, assert_answers_as_the_model
):
    vae = zoo.load(artifact, providers="CUDAExecutionProvider")
    assert vae.generate.on_device(SEEDS).z.device_name() == "cuda"
    for name in vae.endpoints:
        for batch in (1, 3, 64):
            stayed = getattr(vae, name).on_device(**rows(artifact, name, batch))._asdict()
            answers = {key: value.numpy() for key, value in stayed.items()}
            assert_answers_as_the_model(name, batch, answers)
