"""TensorBoard logs, scalars and images, written without TensorFlow: JAX runs have them too."""

import keras
import numpy as np

from zoo.errors import MissingDependency
from zoo.training import averages


class TensorBoard(keras.callbacks.Callback):
    """Every epoch's scalars, and every few epochs originals, reconstructions and prior samples.

    Args:
        folder: where the event files go.
        inputs: what the model takes, (x [n, *event], *conditions); images are logged where x is
            [n, height, width, 1 or 3].
        image_every: epochs between images.
        images: whether they are wanted; one of several processes cannot compute them by itself.
    """

    def __init__(self, folder, inputs, image_every=5, images=True):
        super().__init__()
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise MissingDependency(
                "--tensorboard needs tensorboardX: pip install tensorboardX"
            ) from error
        self.writer = SummaryWriter(str(folder))
        self.inputs = inputs
        self.image_every = image_every
        self.images = images and inputs[0].ndim == 4

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            split, name = ("validation", name[4:]) if name.startswith("val_") else ("train", name)
            self.writer.add_scalar(f"{name}/{split}", float(value), epoch + 1)
        if self.images and epoch % self.image_every == 0:
            with averages.in_place(self.model):
                self._images(epoch + 1)
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()

    def _images(self, epoch):
        x, *condition = self.inputs
        rebuilt = np.asarray(self.model.reconstruct(x, *condition)["x_mean"])
        self._log("reconstructions", np.concatenate([x, rebuilt]), epoch)
        if self.model.generates:
            images = self.model.generate(np.arange(len(x)), *condition)["x_mean"]
            self._log("prior_samples", np.asarray(images), epoch)

    def _log(self, name, images, epoch):
        self.writer.add_images(name, np.clip(images, 0.0, 1.0), epoch, dataformats="NHWC")
