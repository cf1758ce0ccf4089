"""A Keras functional network as a PyTorch module with the same weights: the peer of a benchmark.

Read generically from the network's layers. Tensors keep Keras's axes, [batch, height, width,
channels]; a convolution sees them as [batch, channels, height, width], which in PyTorch is a view:
memory in channels_last costs no copy anywhere, and contiguous memory one where Keras's order of
axes matters (a Flatten).
"""

import keras
import numpy as np
import torch
import torch.fx
from torch import nn
from torch.nn import functional

from zoo.artifact.endpoints import PROBABILITY

ACTIVATIONS = {
    "linear": lambda x: x,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "elu": functional.elu,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


class Network(nn.Module):
    """The network of a functional Keras model with one input.

    Args:
        model: built; its layers must be among those of `LAYERS`.
        channels_last: whether convolutions work on memory in channels_last order.

    Raises:
        NotImplementedError: for a layer that has no counterpart here.
    """

    def __init__(self, model, channels_last):
        super().__init__()
        self.layers, self.steps, places = nn.ModuleList(), [], {}
        places[id(model.inputs[0])] = 0

        def visit(tensor):
            if id(tensor) not in places:
                layer = tensor._keras_history.operation
                given = layer.input if isinstance(layer.input, list) else [layer.input]
                sources = [visit(each) for each in given]
                self.layers.append(_layer(layer, channels_last))
                self.steps.append(sources)
                places[id(tensor)] = len(self.layers)
            return places[id(tensor)]

        outputs = model.output  # visited by name: the contract's outputs have names
        self.outputs = (
            {name: visit(tensor) for name, tensor in outputs.items()}
            if isinstance(outputs, dict)
            else visit(outputs)
        )

    def forward(self, x):
        """[batch, *event] -> a tensor, or a dict of them as the Keras model gives."""
        values = [x]
        for layer, sources in zip(self.layers, self.steps, strict=True):
            values.append(layer(*(values[source] for source in sources)))
        if isinstance(self.outputs, dict):
            return {name: values[place] for name, place in self.outputs.items()}
        return values[self.outputs]


class Endpoints(nn.Module):
    """`encode`, `decode` and `reconstruct` of a `zoo.models.vae.VAE`, as the contract has them."""

    def __init__(self, model, channels_last):
        super().__init__()
        self.encoder = Network(model.encoder, channels_last)
        self.decoder = Network(model.decoder, channels_last)
        probability = model.likelihood.mean_kind == PROBABILITY
        self.mean = ACTIVATIONS["sigmoid" if probability else "linear"]
        self.eval().requires_grad_(False)

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return {"x_mean": self.mean(self.decoder(z))}

    def reconstruct(self, x):
        return self.decode(self.encode(x)["mean"])


def traced(module, endpoint):
    """An endpoint of `Endpoints` as straight-line code with no Python between the operators."""
    tracer = torch.fx.Tracer()
    tracer.traced_func_name = endpoint
    return torch.fx.GraphModule(module, tracer.trace(module)).forward


class Dense(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.weight, self.bias = _weight(layer.kernel, (1, 0)), _weight(layer.bias)
        self.activation = _activation(layer)

    def forward(self, x):
        return self.activation(functional.linear(x, self.weight, self.bias))


class Convolution(nn.Module):
    """Conv2D and Conv2DTranspose with Keras's "same" padding, whose odd pixel is at the end."""

    def __init__(self, layer, channels_last):
        super().__init__()
        self.transposed = isinstance(layer, keras.layers.Conv2DTranspose)
        plain = layer.padding == "same" and layer.groups == 1 if not self.transposed else True
        if not plain or layer.padding != "same" or set(layer.dilation_rate) != {1}:
            raise NotImplementedError(f"{layer.name}: only plain convolutions padded to `same`.")
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        weight = _weight(layer.kernel, (3, 2, 0, 1))
        self.weight = nn.Parameter(weight.contiguous(memory_format=self.format))
        self.bias = _weight(layer.bias)
        self.stride, self.activation = tuple(layer.strides), _activation(layer)
        self.size = tuple(layer.input.shape[1:3])
        self.kernel = tuple(layer.kernel_size)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=self.format)
        x = self.grown(x) if self.transposed else self.shrunk(x)
        return self.activation(x).permute(0, 2, 3, 1)

    def shrunk(self, x):
        pads = []
        for n, kernel, stride in zip(self.size, self.kernel, self.stride, strict=True):
            total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
            pads.append((total // 2, total - total // 2))
        if all(low == high for low, high in pads):
            padding = tuple(low for low, _ in pads)
            return functional.conv2d(x, self.weight, self.bias, self.stride, padding)
        (top, bottom), (left, right) = pads
        x = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(x, self.weight, self.bias, self.stride)

    def grown(self, x):
        total = [max(k - s, 0) for k, s in zip(self.kernel, self.stride, strict=True)]
        low = [t // 2 for t in total]
        x = functional.conv_transpose2d(x, self.weight, self.bias, self.stride, low)
        height, width = (n * s for n, s in zip(self.size, self.stride, strict=True))
        return x[:, :, :height, :width]


class Sum(nn.Module):
    """Add."""

    def forward(self, *given):
        return sum(given[1:], given[0])


class Shape(nn.Module):
    """Reshape, Flatten, Permute, Cropping2D and UpSampling2D: values unchanged."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        return self.change(x)


def _layer(layer, channels_last):
    if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
        return Convolution(layer, channels_last)
    if isinstance(layer, keras.layers.Dense):
        return Dense(layer)
    if isinstance(layer, keras.layers.Add):
        return Sum()
    return Shape(_change(layer))


def _change(layer):
    """What a layer without a kernel does, as a function of a tensor."""
    kind = type(layer).__name__
    if kind in ("Reshape", "Flatten"):
        shape = tuple(layer.output.shape[1:])
        return lambda x: x.reshape(x.shape[0], *shape)
    if kind == "Permute":
        order = (0, *layer.dims)
        return lambda x: x.permute(order)
    if kind == "Cropping2D":
        (top, bottom), (left, right) = layer.cropping
        height, width = layer.input.shape[1:3]
        return lambda x: x[:, top : height - bottom, left : width - right]
    if kind == "UpSampling2D" and layer.interpolation == "nearest":
        rows, columns = layer.size
        return lambda x: x.repeat_interleave(rows, 1).repeat_interleave(columns, 2)
    if kind == "DepthToSpace" and layer.data_format == "channels_last":
        return _depth_to_space(layer)
    if kind == "Activation":
        return _activation(layer)
    if kind == "BoundedLogVar":
        low, high = layer.low, layer.high
        return lambda x: x.clamp(low, high)
    raise NotImplementedError(
        f"{layer.name}: {kind} has no counterpart in benchmarks/torch_port.py; add one there."
    )


def _depth_to_space(layer):
    block, (_, height, width, channels) = layer.block_size, layer.output.shape
    split = (height // block, width // block, block, block, channels)

    def change(x):
        x = x.reshape(x.shape[0], *split).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(x.shape[0], height, width, channels)

    return change


def _activation(layer):
    name = keras.activations.serialize(layer.activation)
    if name not in ACTIVATIONS:
        raise NotImplementedError(f"{layer.name}: activation {name}; there are {[*ACTIVATIONS]}.")
    return ACTIVATIONS[name]


def _weight(variable, order=None):
    """A Keras variable as a parameter, its axes in PyTorch's order."""
    if variable is None:
        return None
    value = np.array(keras.ops.convert_to_numpy(variable))
    value = value if order is None else value.transpose(order)
    return nn.Parameter(torch.from_numpy(np.ascontiguousarray(value)))
