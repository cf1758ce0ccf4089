"""The networks that the zoo is timed against are the zoo's: same weights, same nats."""

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the peers are written in it: vae-zoo[bench]")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "image"),
    [
        *((name, 28) for name in ("dense", "conv", "residual", "hierarchical")),
        *((name, 64) for name in ("conv", "hierarchical")),
    ],
)
def test_a_peer_of_equal_weights_has_the_terms_of_the_zoos_model(network, image):
    import picture_networks
    import torch_weights

    chosen = picture_networks.Network(network, image)
    model, peer = chosen.zoos(), chosen.torchs()
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:  # or those that start at 0 or small would tell nothing
        drawn = rng.normal(scale=0.03, size=weight.shape)
        weight.assign(weight + drawn.astype(np.float32))
    torch_weights.carry(model, peer)
    x = rng.integers(256, size=(3, *chosen.event_shape)) / np.float32(255.0)
    x = x.astype(np.float32) if image > 28 else (x > 0.87).astype(np.float32)
    drawn = rng.normal(size=(3, model.latent)).astype(np.float32)
    ours = {name: np.sum(each) for name, each in model.terms(x, drawn[:, None]).items()}
    with torch.no_grad():
        nats, kl = peer.terms(torch_weights.mirrored(x), torch_weights.noise(model, peer, drawn))
    assert float(nats) == pytest.approx(ours["reconstruction"], rel=2e-5)
    assert float(kl) == pytest.approx(ours["kl"], rel=2e-5, abs=1e-3)
