"""The zoo's residual, convolutional and hierarchical VAEs of pictures, as a user of PyTorch writes.

Same layers, same number of parameters, same loss; convolutions pad by 1 on both sides, where Keras
pads an even side at its end alone. Seen in a mirror, rows and columns reversed, the two are one
network: `torch_weights.py` carries weights over that way, and tests hold the outputs equal.
"""

import math

import torch
from torch import nn
from torch.nn import functional

LEVELS = 255.0
PRIOR_RANGE, POSTERIOR_RANGE = (-2.0, 2.0), (-30.0, 2.0)


class Residual(nn.Module):
    """h + conv(silu(conv(silu(h))))."""

    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, h):
        return h + self.second(functional.silu(self.first(functional.silu(h))))


class PixelShuffle(nn.Module):
    """A picture of twice the size out of four times the channels, cut to `size`."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, h):
        return functional.pixel_shuffle(h, 2)[..., -self.size :, -self.size :]


class Bernoulli(nn.Module):
    """-log p(x | logits), summed over a batch: nats."""

    def forward(self, logits, x):
        return functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")


class DiscretizedLogistic(nn.Module):
    """The same of 8-bit values in [0, 1], one scale for all, learned (Salimans et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-1.0))

    def forward(self, mean, x):
        inverse, distance = torch.exp(-self.log_scale), 2.0 * x - 1.0 - mean
        above = inverse * (distance + 1.0 / LEVELS)
        below = inverse * (distance - 1.0 / LEVELS)
        mass = torch.sigmoid(above) - torch.sigmoid(below)
        inside = torch.log(mass.clamp(min=1e-12))
        last = torch.where(x > 1.0 - 0.5 / LEVELS, -functional.softplus(below), inside)
        return -torch.where(x < 0.5 / LEVELS, -functional.softplus(-above), last).sum()


def likelihood(channels):
    """Ink is one channel of zeros and ones, three are the colours of a photograph."""
    return Bernoulli() if channels == 1 else DiscretizedLogistic()


def down(channels, filters, blocks, between):
    """A strided convolution for each width, and its blocks or an activation."""
    layers = []
    for width in filters:
        layers.append(nn.Conv2d(channels, width, 3, stride=2, padding=1))
        layers += [Residual(width) for _ in range(blocks)]
        layers += [nn.SiLU()] if between else []
        channels = width
    return layers


def up(image, channels, filters, blocks):
    """From the coarsest grid to the raw picture: [batch, channels, image, image]."""
    layers = [Residual(filters[-1]) for _ in range(blocks)]
    layers += [nn.SiLU()] if blocks else []
    for wide, width in zip(filters[:0:-1], filters[-2::-1], strict=True):
        layers.append(nn.ConvTranspose2d(wide, width, 3, stride=2, padding=1, output_padding=1))
        layers += [Residual(width) for _ in range(blocks)] + [nn.SiLU()]
    return [*layers, nn.Conv2d(filters[0], channels * 4, 3, padding=1), PixelShuffle(image)]


class Flat(nn.Module):
    """One group of latents: `residual_vae`, and `conv_vae` whose latents keep their places.

    Args:
        dense: width of the layer between convolutions and latents; 0: none, `latent` are the
            channels at each place then.
        components: pseudo-inputs of a VampPrior; 0: the prior is a standard normal.
    """

    def __init__(self, image, channels, latent, filters, dense=0, blocks=0, components=0):
        super().__init__()
        side, width = -(-image // 2 ** len(filters)), filters[-1]
        encoder = down(channels, filters, blocks, between=True)
        if dense:
            encoder += [nn.Flatten(), nn.Linear(width * side**2, dense), nn.SiLU()]
            self.shape, head = (latent,), lambda: nn.Linear(dense, latent)
        else:
            self.shape, head = (latent, side, side), lambda: nn.Conv2d(width, latent, 1)
        self.encoder = nn.Sequential(*encoder)
        self.log_var, self.mean = head(), head()
        if dense:
            start = [nn.Linear(latent, dense), nn.SiLU(), nn.Linear(dense, width * side**2)]
            start += [nn.Unflatten(1, (width, side, side))]
        else:
            start = [nn.Conv2d(latent, width, 3, padding=1), nn.SiLU()]
            start += [nn.Conv2d(width, width, 3, padding=1)]
        start += [] if blocks else [nn.SiLU()]
        self.decoder = nn.Sequential(*start, *up(image, channels, filters, blocks))
        self.likelihood = likelihood(channels)
        self.pseudo = None
        if components:
            self.pseudo = nn.Parameter(torch.randn(components, channels, image, image))

    @property
    def noise_shapes(self):
        return [self.shape]

    def encode(self, x):
        h = self.encoder(x)
        return self.mean(h), self.log_var(h).clamp(-30.0, 20.0)

    def terms(self, x, noise):
        """(-log p(x|z), KL), each summed over the batch, nats."""
        mean, log_var = self.encode(x)
        z = mean + torch.exp(0.5 * log_var) * noise[0]
        nats = self.likelihood(self.decoder(z), x)
        if self.pseudo is None:
            return nats, 0.5 * torch.sum(mean.square() + log_var.exp() - log_var - 1.0)
        means, log_vars = (each.flatten(1) for each in self.encode(torch.sigmoid(self.pseudo)))
        log_p = torch.logsumexp(_log_normal(z.flatten(1)[:, None], means, log_vars), 1)
        log_q = _log_normal(z.flatten(1), mean.flatten(1), log_var.flatten(1))
        return nats, torch.sum(log_q - log_p + math.log(len(means)))

    def forward(self, x):
        return sum(self.terms(x, _noise(self, x))) / len(x)


class Group(nn.Module):
    """A group of latents: its posterior given what is above and a feature, and the way on.

    Args:
        width: channels at this size; `side` its places a side, 0 at the top, which has none.
        above: channels of the state that the group is given, 0 for the first.
        below: (channels, side) of the next size where this is the last group before it.
    """

    def __init__(self, side, width, above, latent, blocks, below):
        super().__init__()
        self.top = side == 0
        linear = nn.Linear if self.top else (lambda *sizes: nn.Conv2d(*sizes, 1))
        mix = nn.Linear if self.top else (lambda *sizes: nn.Conv2d(*sizes, 3, padding=1))
        self.mix = mix(above + width, width) if above else None
        self.log_var, self.mean = linear(width, latent), linear(width, latent)
        self.prior_log_var = linear(above, latent) if above else None
        self.prior_mean = linear(above, latent) if above else None
        self.of_z = linear(latent, width)
        inner = [] if self.top else [Residual(width) for _ in range(blocks)]
        if below:
            wider, size = below
            inner.append(nn.SiLU())
            if self.top:
                inner += [nn.Linear(width, wider * size**2), nn.Unflatten(1, (wider, size, size))]
            else:
                inner += [nn.Conv2d(width, wider * 4, 3, padding=1), PixelShuffle(size)]
            inner += [Residual(wider) for _ in range(blocks)]
        self.on = nn.Sequential(*inner)

    def forward(self, state, feature, noise):
        """The next state, and the KL summed over the batch."""
        h = feature if state is None else torch.cat([state, feature], 1)
        if not self.top:
            h = functional.silu(h)
        if self.mix is not None:
            h = functional.silu(self.mix(h))
        mean, log_var = self.mean(h), _bounded(self.log_var(h), *POSTERIOR_RANGE)
        drawn = self.of_z(mean + torch.exp(0.5 * log_var) * noise)
        if state is None:
            return self.on(drawn), _kl(mean, log_var)
        seen = functional.silu(state)
        prior_log_var = _bounded(self.prior_log_var(seen), *PRIOR_RANGE)
        apart = (mean - self.prior_mean(seen)) * torch.exp(-0.5 * prior_log_var)
        return self.on(state + drawn), _kl(apart, log_var - prior_log_var)


class Hierarchical(nn.Module):
    """`hierarchical_vae`: groups from the top down."""

    def __init__(self, image, channels, filters, groups, dense=128, top=16, latent=2, blocks=1):
        super().__init__()
        sides = [-(-image // 2 ** (i + 1)) for i in range(len(filters))]
        self.levels = nn.ModuleList()
        for i, (narrow, width) in enumerate(zip((channels, *filters), filters, strict=False)):
            start = [nn.SiLU()] if i else []
            self.levels.append(nn.Sequential(*start, *down(narrow, [width], blocks, False)))
        self.top = nn.Linear(filters[-1] * sides[-1] ** 2, dense)
        sizes = [(0, dense), *zip(sides[::-1], filters[::-1], strict=True)]
        self.groups, self.feature_of, self.noise_shapes, above = nn.ModuleList(), [], [], 0
        for level, count in enumerate(groups):
            side, width = sizes[level]
            for number in range(count):
                last = number == count - 1 and level + 1 < len(groups)
                below = sizes[level + 1][::-1] if last else None
                values = top if side == 0 else latent
                self.groups.append(Group(side, width, above, values, blocks, below))
                self.feature_of.append(level)
                self.noise_shapes.append((values, side, side) if side else (values,))
                above = below[0] if below else width
        left = filters[: len(filters) - len(groups) + 2]
        start = [nn.Conv2d(above, left[-1], 3, padding=1)]
        self.decoder = nn.Sequential(*start, *up(image, channels, left, blocks))
        self.likelihood = likelihood(channels)

    def terms(self, x, noise):
        """(-log p(x|z), KL), each summed over the batch, nats."""
        features, h = [], x
        for level in self.levels:
            h = level(h)
            features.append(h)
        features.append(functional.silu(self.top(functional.silu(h).flatten(1))))
        state, total = None, 0.0
        for group, level, drawn in zip(self.groups, self.feature_of, noise, strict=True):
            state, kl = group(state, features[-1 - level], drawn)
            total = total + kl
        return self.likelihood(self.decoder(state), x), total

    def forward(self, x):
        return sum(self.terms(x, _noise(self, x))) / len(x)


def _kl(mean, log_var):
    """To the standard normal, summed, nats."""
    return 0.5 * torch.sum(mean.square() + log_var.exp() - log_var - 1.0)


def _bounded(raw, low, high):
    """Below `high` smoothly, 0 staying 0."""
    below = high - torch.nn.functional.softplus(math.log(math.expm1(high)) - raw)
    return below.clamp(min=low)


def _log_normal(z, mean, log_var):
    """[..., n] thrice -> [...], nats."""
    squared = (z - mean).square() * torch.exp(-log_var)
    return -0.5 * torch.sum(squared + log_var + math.log(2.0 * math.pi), -1)


def _noise(model, x):
    return [torch.randn(len(x), *shape, device=x.device) for shape in model.noise_shapes]
