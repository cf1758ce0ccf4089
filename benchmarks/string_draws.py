"""Strings a second that `generate` draws in ONNX Runtime, and the same model in PyTorch.

Run:       python recipes/molecule_vae.py
           python benchmarks/string_draws.py exports/molecule_vae-nci
Needs:     pip install -c constraints.txt -e ".[bench]"
Prints:    a markdown table

PyTorch's model is written as its users write it: an embedding, `nn.GRU` a step at a time, a linear
layer and `torch.multinomial`, until all strings of the batch have ended; eager, under
`inference_mode`, from z to numbers of tokens. Its weights are the artifact's, and given the same
strings it gives the same logits, which is looked at first. Ours is `zoo.load(...).generate`, from
seeds to tokens. Strings are of any length, and a batch takes as long as its longest: so a call that
is timed draws `STRINGS` of them or more, one batch after the other. Ways alternate (`paired.py`).
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import paired
import torch
from torch import nn

import zoo.catalog  # noqa: F401  registers the classes that model.keras names
from zoo.runtime import load

TOLERANCE = 1e-3  # of logits, of a scale of 1 to 10
STRINGS = 256  # a call, at least


class Decoder(nn.Module):
    """z -> tokens, drawn one after the other.

    Args:
        decoder: the Keras model's, of GRU cells.
    """

    def __init__(self, decoder):
        super().__init__()
        cell, output = (decoder.get_layer(n) for n in ("recurrent", "output"))
        told = decoder.context_layers
        cell, (steps, count) = cell.cell, decoder.raw_shape
        self.steps, self.count = steps, count
        self.latent = told[0].kernel.shape[0]
        self.context = nn.Sequential()
        for dense in told:
            linear = nn.Linear(*dense.kernel.shape)
            self._give(linear.weight, dense.kernel.numpy().T)
            self._give(linear.bias, dense.bias.numpy())
            self.context.extend([linear, nn.Tanh()])
        self.embedding = nn.Embedding(count + 1, count)  # the last one is what stands before all
        self.gru = nn.GRU(count + told[-1].kernel.shape[1], decoder.units, batch_first=True)
        self.output = nn.Linear(decoder.units, count)
        one_hot = np.eye(count + 1, count, dtype=np.float32)
        bias = keras.ops.convert_to_numpy(cell.bias)
        self._give(self.embedding.weight, one_hot)
        self._give(self.gru.weight_ih_l0, _gates(cell.kernel.numpy().T))
        self._give(self.gru.weight_hh_l0, _gates(cell.recurrent_kernel.numpy().T))
        self._give(self.gru.bias_ih_l0, _gates(bias[0]))
        self._give(self.gru.bias_hh_l0, _gates(bias[1]))
        self._give(self.output.weight, output.kernel.numpy().T)
        self._give(self.output.bias, output.bias.numpy())

    @staticmethod
    def _give(parameter, values):
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.array(values)))

    def forward(self, z, before):
        """Logits of each step, given the tokens before it: [batch, steps, count]."""
        context = self.context(z)[:, None].expand(-1, before.shape[1], -1)
        hidden, _ = self.gru(torch.cat([self.embedding(before), context], dim=-1))
        return self.output(hidden)

    @torch.inference_mode()
    def draw(self, rows):
        """int64 [rows, steps] at most, drawn from the standard normal prior."""
        context = self.context(torch.randn(rows, self.latent))[:, None]
        token, hidden = torch.full((rows, 1), self.count), None
        ended, drawn = torch.zeros(rows, dtype=torch.bool), []
        for _ in range(self.steps):
            given = torch.cat([self.embedding(token), context], dim=-1)
            out, hidden = self.gru(given, hidden)
            token = torch.multinomial(torch.softmax(self.output(out[:, 0]), dim=-1), 1)
            drawn.append(token)
            ended |= token[:, 0] == self.count - 1
            if ended.all():
                break
        return torch.cat(drawn, dim=1)


def _gates(values):
    """Keras's update, reset, new along the first axis in PyTorch's order: reset, update, new."""
    update, reset, new = np.split(values, 3)
    return np.concatenate([reset, update, new])


def require_equal(model, decoder, z, tokens):
    """Ends the program where the two give other logits of the same strings."""
    ours = keras.ops.convert_to_numpy(model.raw(z, (), tokens.astype(np.float32)))
    first = np.full((len(tokens), 1), decoder.count)
    before = torch.from_numpy(np.concatenate([first, tokens[:, :-1]], axis=1).astype(np.int64))
    with torch.inference_mode():
        theirs = decoder(torch.from_numpy(z), before).numpy()
    error = np.abs(ours - theirs).max()
    if error > TOLERANCE:
        raise SystemExit(f"error: the logits of the two models differ by {error:.1e}.")


def main():
    """Draws in turns, and prints what a second gives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 1024])
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    artifact = load(given.artifact, batch_limit=None)
    model = keras.saving.load_model(f"{given.artifact}/model.keras")
    decoder = Decoder(model.decoder).eval()
    first = artifact.generate(np.arange(8))
    require_equal(model, decoder, first.z, first.tokens)
    print(paired.machine("onnxruntime", "torch"), end="\n\n")
    rows = []
    for batch in given.batches:
        seed = iter(range(10**9))
        times = max(1, STRINGS // batch)

        def ours(batch=batch, times=times, seed=seed):
            for _ in range(times):
                artifact.generate(np.arange(batch) + batch * next(seed))

        def theirs(batch=batch, times=times):
            for _ in range(times):
                decoder.draw(batch)

        found = paired.measure({"ours": ours, "theirs": theirs}, given.rounds, least=3)
        ours, theirs = found["ours"], found["theirs"]
        speeds = [f"{1000.0 * batch * times / each.median:,.0f}" for each in (ours, theirs)]
        rows.append([f"{batch:,}", *speeds, f"{theirs.over(ours):.2f}"])
    head = ["batch", "ONNX Runtime, strings a second", "PyTorch, eager", "ours to theirs"]
    print(paired.table(head, rows))


if __name__ == "__main__":
    main()
