"""Weights of the zoo's VAEs carried to the same networks of `torch_pictures.py`, seen in a mirror.

A strided convolution of Keras pads an even side at its end, one of PyTorch that pads by 1 uses the
pixel at its beginning: each is the other with rows and columns reversed. So is every part here:
pictures, noise at places, kernels, what a dense layer makes of places, and sub-pixels.
"""

import keras
import numpy as np
import torch
from torch import nn


def mirrored(x):
    """[batch, rows, columns, channels] -> a tensor [batch, channels, rows, columns], reversed."""
    turned = np.asarray(x)[:, ::-1, ::-1].transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(turned))


def noise(model, peer, drawn):
    """Noise of the zoo's model, [batch, values], as the tensors that its peer's `terms` takes."""
    parts, start = [], 0
    for shape in peer.noise_shapes:
        count = int(np.prod(shape))
        part, start = np.asarray(drawn)[:, start : start + count], start + count
        if len(shape) == 3:
            parts.append(mirrored(part.reshape(-1, shape[1], shape[2], shape[0])))
        else:
            parts.append(torch.from_numpy(np.ascontiguousarray(part)))
    return parts


@torch.no_grad()
def carry(model, peer):
    """Gives a peer the weights of a VAE of the zoo that is built alike.

    Raises:
        ValueError: where the two have not the same layers, in the same order, or more weights.
    """
    layers = [layer for network in networks(model) for layer in network.layers if layer.weights]
    kinds = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
    targets = [each for each in peer.modules() if isinstance(each, kinds)]
    for layer, target in zip(layers, targets, strict=True):
        kernel, bias = (keras.ops.convert_to_numpy(each) for each in layer.weights)
        kernel, bias = _turned(layer, kernel, bias, target)
        if kernel.shape != tuple(target.weight.shape):
            raise ValueError(f"{layer.name}: {kernel.shape}, the peer {tuple(target.weight.shape)}")
        target.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel)))
        target.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias)))
    for tenth in model.likelihood.weights:
        peer.likelihood.log_scale.fill_(10.0 * float(tenth))
    if model.pseudo_input_count:
        peer.pseudo.copy_(mirrored(keras.ops.convert_to_numpy(model.latents.prior.raw)))
    counts = model.count_params(), sum(each.numel() for each in peer.parameters())
    if len(set(counts)) > 1:
        raise ValueError(f"The zoo's model has {counts[0]:,} parameters, its peer {counts[1]:,}.")


def networks(model):
    """The functional models of a VAE, in the order in which they are used."""
    down = []
    if model.latents.family == "top-down normal":
        posteriors, priors, blocks = (
            getattr(model.latents, name) for name in ("posteriors", "priors", "blocks")
        )
        down = [posteriors[0], blocks[0]]
        for each in zip(posteriors[1:], priors, blocks[1:], strict=True):
            down += each
    return [model.encoder, *down, model.decoder]


def _turned(layer, kernel, bias, target):
    """(kernel, bias) in PyTorch's order of axes, reversed in space."""
    if kernel.ndim == 4:
        kernel = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
        if layer.name in ("output", "expand") and _feeds(layer, "DepthToSpace"):
            return _sub_pixels(kernel), _sub_pixels(bias)
        return kernel, bias
    if isinstance(target, nn.Conv2d):  # a dense layer at every place
        return kernel.T[:, :, None, None], bias
    before = layer.input._keras_history.operation
    if type(before).__name__ == "Flatten" and len(before.input.shape) == 4:
        kernel = _places(kernel, before.input.shape[1:])
    if _feeds(layer, "Reshape"):
        shape = layer._outbound_nodes[0].operation.output.shape[1:]
        kernel, bias = _places(kernel.T, shape).T, _places(bias, shape)
    return kernel.T, bias


def _feeds(layer, kind):
    return [type(node.operation).__name__ for node in layer._outbound_nodes[:1]] == [kind]


def _places(values, shape):
    """[rows * columns * channels, ...] -> [channels * rows * columns, ...], reversed in space."""
    rest = values.shape[1:]
    values = values.reshape(*shape, *rest)[::-1, ::-1]
    return np.moveaxis(values, 2, 0).reshape(-1, *rest)


def _sub_pixels(values):
    """[2 * 2 * channels, ...] -> [channels * 2 * 2, ...], reversed in space."""
    rest = values.shape[1:]
    values = values.reshape(2, 2, -1, *rest)[::-1, ::-1]
    return np.moveaxis(values, 2, 0).reshape(-1, *rest)
