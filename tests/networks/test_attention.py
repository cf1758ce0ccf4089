"""Self-attention of a grid: against numpy, where networks have it, and as an ONNX graph."""

import collections

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from scipy import special

from zoo import catalog
from zoo.errors import InputError
from zoo.export import onnx as writer
from zoo.networks import attention

TINY = {"groups": (1, 1, 1), "top": 2, "channels": 1, "filters": (4, 6), "dense": 4}


def made(heads, channels):
    """A layer with weights that are far from where they start."""
    keras.utils.set_random_seed(0)
    layer = attention.SelfAttention(heads)
    layer.build((None, 2, 3, channels))
    random = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(random.normal(0.0, 1.0, weight.shape))
    return layer


@pytest.mark.parametrize(("heads", "channels"), [(1, 4), (2, 4), (3, 6)])
def test_it_is_what_numpy_makes_of_every_head_one_by_one(heads, channels):
    layer, x = made(heads, channels), np.random.default_rng(1).normal(size=(5, 2, 3, channels))
    query, key, value, of_heads, scale, bias = (np.asarray(w, np.float64) for w in layer.weights)
    wanted, width = np.empty_like(x), channels // heads
    for row, places in enumerate(x.reshape(5, 6, channels)):
        read = []
        for head in range(heads):
            own = slice(head * width, (head + 1) * width)
            q, k = (places @ kernel[:, own] for kernel in (query, key))
            cosine = (q @ k.T) / np.linalg.norm(q, axis=1)[:, None] / np.linalg.norm(k, axis=1)
            seen = special.softmax(scale[head, 0, 0] * cosine, axis=1)
            read.append(seen @ places @ value[:, own])
        wanted[row] = (np.concatenate(read, axis=1) @ of_heads + bias).reshape(2, 3, channels)
    np.testing.assert_allclose(layer(x.astype(np.float32)), wanted, rtol=1e-3, atol=1e-4)


def test_places_that_change_place_are_read_alike():
    layer, x = made(2, 4), np.random.default_rng(1).normal(size=(1, 2, 3, 4)).astype(np.float32)
    turned = np.ascontiguousarray(x[:, ::-1, ::-1])
    found = np.asarray(layer(turned))[:, ::-1, ::-1]
    np.testing.assert_allclose(found, layer(x), rtol=1e-4, atol=1e-5)
    apart = x.copy()
    apart[0, 1, 2] += 1.0  # the farthest place is read, too
    assert np.abs(np.asarray(layer(apart))[0, 0, 0] - np.asarray(layer(x))[0, 0, 0]).max() > 1e-3


def test_channels_that_cannot_be_divided_are_refused():
    with pytest.raises(InputError, match="5 channels cannot be divided among 2 heads"):
        attention.SelfAttention(2)(np.zeros((1, 2, 2, 5), np.float32))


def test_heads_are_of_64_channels_where_that_divides_them():
    for channels, heads in ((48, 1), (64, 1), (128, 2), (96, 1)):
        x = keras.Input((4, 4, channels))
        network = keras.Model(x, attention.block(x, "attention"))
        assert network.get_layer("attention").heads == heads


def test_each_size_up_to_16x16_has_it_once_each_way():
    vae = catalog.hierarchical_vae(
        (64, 64, 1), **TINY | {"filters": (2, 3, 4, 5), "groups": (1, 2, 1)}, attention=True
    )

    def of(network):
        layers = [each for each in network.layers if type(each) is attention.SelfAttention]
        return [tuple(each.input.shape[1:3]) for each in layers]

    assert of(vae.encoder) == [(16, 16), (8, 8), (4, 4)]
    down = [size for block in vae.latents.blocks for size in of(block)]
    assert down == [(4, 4), (8, 8)] and of(vae.decoder) == []


@pytest.mark.slow
def test_in_onnx_it_is_products_of_matrices_and_a_softmax(tmp_path):
    keras.utils.set_random_seed(0)
    vae = catalog.hierarchical_vae((8, 8, 3), **TINY, attention=True, likelihood="normal")
    random = np.random.default_rng(0)
    for weight in vae.trainable_weights:
        weight.assign(weight + random.normal(0.0, 0.2, weight.shape))
    contract = {name: each for name, each in vae.endpoints().items() if name == "decode"}
    writer.write(vae, contract, tmp_path)
    path = tmp_path / "onnx" / "decode.onnx"
    count = collections.Counter(node.op_type for node in onnx.load(path).graph.node)
    sizes = 2  # 2x2 and 4x4
    assert count["Softmax"] == sizes and not {"Einsum", "Expand", "Loop"} & set(count)
    z = random.normal(size=(7, vae.latent)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    wanted = np.asarray(vae.decode(z)["x_mean"])
    np.testing.assert_allclose(session.run(None, {"z": z})[0], wanted, rtol=1e-4, atol=1e-4)
