"""Training steps of one network, the zoo's or PyTorch's, in a process that takes turns.

Started by `gpu.py` and `large_pictures.py` (`turns.py`). Both ways train on the same pictures, in
an order drawn anew each epoch, ink binarized anew at each visit.

Ours, `fit`, is the recipe's road: pictures on the device as uint8, the zoo's batches, its compiled
step in Keras's `fit`, on a GPU as many at once as recipes take, and its callbacks. Ours, `step`, is
that program alone, called on one item that lies on the device: what `fit` adds lies between.
PyTorch's is a loop as its user would write one for speed: pictures on the device as uint8, channels
last, TF32 as JAX has it by default, Adam in one kernel, and the loss summed on the device.
"""

import itertools
import json
import math
import sys
import time

import device_busy
import paired
import picture_networks
import turns

LEARNING_RATE = 3e-3
EPOCHS = 1000  # of the schedule; as many as nobody waits for


class Zoo:
    """The zoo's model, on the backend that KERAS_BACKEND names."""

    def __init__(self, network, batch, steps):
        import keras

        import zoo.datasets
        from zoo import training
        from zoo.training import callbacks
        from zoo.training.checkpoint import Progress
        from zoo.training.loop import compile_model, fed

        pictures = network.pictures(batch * steps)
        data = zoo.datasets.from_arrays(pictures, x_test=pictures[:1], name="pictures")
        data = zoo.datasets.binarize(data, "none" if network.photographs else "dynamic")
        self.batches = data.train.training_batches(batch, seed=0)
        self.model = network.zoos()
        settings = training.Settings(epochs=EPOCHS, learning_rate=LEARNING_RATE)
        compile_model(self.model, settings, steps)
        self.fed = fed(self.model, self.batches, settings)
        self.at_once = self.fed.__enter__()  # until this process ends
        order = callbacks.EpochOrder(self.batches)
        stop = callbacks.StopOnDivergence(steps, Progress())
        self.callbacks, self.steps = [order, stop], steps
        self.parameters = self.model.count_params()
        self.on_jax = keras.backend.backend() == "jax"

    def fit(self, epochs=2):
        """Seconds of the last of so many epochs of one `fit`."""
        import keras

        from zoo.training import execution

        ends = []
        clock = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: ends.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()),
        )
        executions = execution.Executions(self.batches, self.at_once)
        options = {"epochs": epochs, "verbose": 0}
        called = execution.Callbacks(
            [*self.callbacks, clock], executions, model=self.model, **options
        )
        self.model.fit(executions, callbacks=called, shuffle=False, **options)
        return ends[-1] - ends[-2]

    def step(self):
        """Seconds of as many compiled steps, called one after the other on one item."""
        import jax

        from zoo.training import execution

        item = execution.Executions(self.batches, self.at_once)[0]
        again, seconds = itertools.repeat(jax.device_put(item)), math.inf
        kinds = ("trainable", "non_trainable", "optimizer", "metrics")
        self.model.make_train_function()
        state = self.model._get_jax_state(**{f"{kind}_variables": True for kind in kinds})
        state = jax.tree.map(lambda each: each.copy(), state)  # the step donates what it is given
        for _ in range(2):
            began = time.perf_counter()
            for _ in range(self.steps // self.at_once):
                logs, state = self.model.train_function(state, again)
            jax.block_until_ready((logs, state))
            seconds = time.perf_counter() - began
        return seconds * self.steps / (self.steps // self.at_once * self.at_once)

    def busy(self):
        if not self.on_jax:
            return None, "not measured on TensorFlow"
        return device_busy.of_jax(lambda: self.fit(epochs=1))

    def device_peak(self):
        """MiB that the device's memory held at most, None on a CPU, and on TensorFlow."""
        if not self.on_jax:
            return None
        import jax

        stats = jax.local_devices()[0].memory_stats()
        return stats["peak_bytes_in_use"] / 2**20 if stats else None


class Torch:
    """The same network in PyTorch.

    Args:
        mode: of `torch.compile`, "default" or "reduce-overhead", which replays CUDA graphs; "eager"
            compiles nothing.
    """

    def __init__(self, network, batch, steps, mode, device):
        import torch

        torch.set_float32_matmul_precision("high")
        pictures = torch.from_numpy(network.pictures(batch * steps)).permute(0, 3, 1, 2)
        self.pictures = pictures.to(device).contiguous(memory_format=torch.channels_last)
        self.binarized, self.batch = not network.photographs, batch
        self.model = network.torchs().to(device).to(memory_format=torch.channels_last)
        self.loss = self.model if mode == "eager" else torch.compile(self.model, mode=mode)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, fused=True)
        self.parameters = sum(each.numel() for each in self.model.parameters())
        self.device = device

    def fit(self):
        """Seconds of one epoch, after one that is not timed."""
        self._epoch()
        began = time.perf_counter()
        self._epoch()
        return time.perf_counter() - began

    def _epoch(self):
        import torch

        total = torch.zeros((), device=self.device)
        order = torch.randperm(len(self.pictures), device=self.device)
        for indices in order.split(self.batch):
            x = self.pictures[indices].float() / 255.0
            x = torch.bernoulli(x) if self.binarized else x
            self.adam.zero_grad()
            loss = self.loss(x)
            loss.backward()
            self.adam.step()
            total += loss.detach()
        if not math.isfinite(total.item()):  # waits for the device
            raise RuntimeError(f"the loss of an epoch is {total.item()}")

    def busy(self):
        return device_busy.of_torch(self._epoch)

    def device_peak(self):
        """MiB that the device's memory held at most, None on a CPU."""
        import torch

        return torch.cuda.max_memory_allocated() / 2**20 if self.device == "cuda" else None


def main():
    """Serves `fit`, `step`, `busy` and `facts` of the way that the options describe."""
    given = json.loads(sys.argv[1])
    network = picture_networks.Network(given["network"], given["image"])
    sizes = network, given["batch"], given["steps"]
    if given["way"] in ("jax", "tensorflow"):
        trained = Zoo(*sizes)
    else:
        trained = Torch(*sizes, given["way"], given["device"])

    def answer(do):
        if do == "facts":
            device = trained.device_peak()
            return {"parameters": trained.parameters, "peak": paired.peak(), "device": device}
        if do == "busy":
            return dict(zip(("share", "why"), trained.busy(), strict=True))
        return {"ms": 1e3 * getattr(trained, do)() / given["steps"]}

    turns.serve(answer)


if __name__ == "__main__":
    main()
