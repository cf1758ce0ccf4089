"""Networks that the zoo and PyTorch are compared on: each by its name, for a size of picture."""

import math
from dataclasses import dataclass

import numpy as np

LATENT = {"dense": 50, "conv": 50, "residual": 32}
COMPONENTS = 50
GROUPS = (1, 2, 2, 1)
LARGEST_INK = 28
"""Pictures of more pixels a side are photographs: in colour, of 8 bits."""


@dataclass(frozen=True)
class Network:
    """A network of `zoo.catalog` with its defaults, and the same one in PyTorch.

    Args:
        name: "dense", "conv", "residual" or "hierarchical".
        image: height and width. Up to 28 pictures are ink, one channel of zeros and ones; larger
            ones are photographs, whose `conv` is the recipe's: latents keep their places, beside a
            VampPrior.
    """

    name: str
    image: int = 28

    @property
    def photographs(self):
        return self.image > LARGEST_INK

    @property
    def event_shape(self):
        return (self.image, self.image, 3 if self.photographs else 1)

    def zoos(self, **options):
        """A model of the zoo, not compiled; `options` are its builder's."""
        from zoo import catalog

        options |= {"likelihood": "discretized_logistic"} if self.photographs else {}
        if self.name in LATENT:
            options["latent"] = LATENT[self.name]
        if self.name == "conv" and self.photographs:
            side = self.image // 2 ** len(self.filters)
            options |= {"dense": 0, "latent": self.places * side**2, "prior": "vampprior"}
        return catalog.build(f"{self.name}_vae", self.event_shape, **options)

    def torchs(self):
        """A module of PyTorch whose forward is the loss."""
        import torch_peers
        import torch_pictures

        channels = self.event_shape[-1]
        if not self.photographs and self.name in ("dense", "conv"):
            return torch_peers.vae(self.name, LATENT[self.name], self.image)
        if self.name == "hierarchical":
            return torch_pictures.Hierarchical(self.image, channels, self.filters, GROUPS)
        if self.photographs:
            sizes = {"latent": self.places, "components": COMPONENTS}
        else:
            sizes = {"latent": LATENT[self.name], "dense": 512}
        sizes["blocks"] = 2 if self.name == "residual" else 0
        return torch_pictures.Flat(self.image, channels, filters=self.filters, **sizes)

    @property
    def filters(self):
        """Widths of the strided convolutions, as the zoo's defaults are: PyTorch's are these."""
        coarsest = 4 if self.name == "hierarchical" else 8
        levels = max(2, math.ceil(math.log2(self.image / coarsest)))
        return tuple(min(16 * 2**i, 48) for i in range(levels))

    @property
    def places(self):
        """Latents at each place of a photograph: of `conv`."""
        return 4 * 2 ** (len(self.filters) - 3)

    def pictures(self, count):
        """uint8 [count, *event_shape]: crops of photographs, or 0 and 255 as often as in digits."""
        if not self.photographs:
            drawn = np.random.default_rng(0).random((count, *self.event_shape))
            return np.where(drawn < 0.13, np.uint8(255), np.uint8(0))
        import photographs

        return np.stack(list(photographs.crops(self.image, count)))
