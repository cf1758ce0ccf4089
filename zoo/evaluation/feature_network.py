"""A small network, trained on the data's own training images, whose features pictures have.

No download, and made for any size: what Inception's features are to photographs.
"""

import hashlib
import sys
import time

import keras
import numpy as np
from keras import layers

from zoo.evaluation import feature_cache
from zoo.evaluation.feature_tasks import task_of

VERSION = 1
"""Goes up with anything in this file or in `feature_tasks` that changes features."""

SIZE = 64  # features
STEPS, PASSES = 800, 20  # of training, at most, and over the data
BATCH, PIXELS = 128, 2**21  # images a step, and the pixels of them, at most
RATE = 3e-3  # at which Adam begins; it ends at 0, along a cosine
LARGEST, CODED = 40, 8  # sides from which the first layer strides, and at which the last one is
LOOKED_AT = 5000  # training images that brightness, contrast and the scale are of, at most
VARIANCE = 100.0  # of the features of training images, all together
VALUES = 2**22  # of images a call
_ORDER, _TASK, _TEST = range(3)  # streams of randomness


class FeatureNetwork:
    """Pictures -> features; final. `feature_network` makes one.

    Features are scaled so that their variances over training images sum to 100: a Fréchet distance
    in them is in percent of that.

    Args:
        network: `keras.Model`, [batch, *event] -> [batch, SIZE].
        scale: what its output is multiplied by.
        task: what it was trained to tell, in words.
        accuracy: the share of test images of which it told that rightly.
        chance: the share that it would have guessed.
    """

    distance = "frechet_distance"
    neighbours = 3  # k of precision and recall

    def __init__(self, network, scale, task, accuracy, chance):
        self.network = network
        self.scale = scale
        self.task = task
        self.accuracy = accuracy
        self.chance = chance

    @property
    def words(self):
        """What it is, for a reader of its distances."""
        return (
            f"{SIZE} features (of total variance {VARIANCE:.0f}) of a network that tells "
            f"{self.task} apart, {self.accuracy:.1%} of test images rightly (digest {self.digest})"
        )

    @property
    def digest(self):
        """8 hexadecimal digits of the weights: distances in features of one network compare."""
        digest = hashlib.sha256()
        for weight in self.network.get_weights():
            digest.update(np.ascontiguousarray(weight).tobytes())
        return digest.hexdigest()[:8]

    def features(self, images):
        """[n, *event] as a split's `batch` gives them -> float64 [n, SIZE]."""
        step = _images_a_call(images.shape[1:])
        parts = [
            self.network.predict_on_batch(images[first : first + step])
            for first in range(0, len(images), step)
        ]
        return np.concatenate(parts).astype(np.float64) * self.scale


def feature_network(data, cache_dir=None):
    """The `FeatureNetwork` of a dataset: trained once, and then read from a file.

    It learns the images as they are before any binarization, whatever model is to be judged, and
    everything random in it has fixed seeds: all models of one dataset are judged by one network.
    The file goes by the digest of every training and test example; one that is damaged is made
    anew. The same training gives the same network on one machine and backend; on another it gives
    one that is as good and measures somewhat otherwise. So distances are of the network whose
    `digest` stands beside them; copy its file to where they are to be compared.

    Args:
        data: what `zoo.datasets.binarize` gives, of images.
        cache_dir: the file's folder; None is $VAE_ZOO_CACHE or ~/.cache/vae-zoo.
    """
    task = task_of(data)
    shape = data.event_shape
    values = brightness(data.train.split)
    network, answers = build(shape, task.count, *values)
    kept = feature_cache.File(data, VERSION, cache_dir)
    found = kept.read([weight.shape for weight in network.weights])
    if found is None:
        print("Training the network that samples are compared by, once for this data.", flush=True)
        began = time.monotonic()
        train(answers, task, data.train.split)
        accuracy = accuracy_of(answers, task, data.test.split)
        weights, scale = network.get_weights(), scale_of(network, data.train.split)
        kept.write(weights, scale=scale, accuracy=accuracy)
        print(f"It is trained, in {time.monotonic() - began:.0f} s.", flush=True)
    else:
        weights, scale, accuracy = found
        network.set_weights(weights)
    return FeatureNetwork(network, scale, task.words, accuracy, 1 / task.count)


def build(shape, outputs, mean, deviation, seed=0):
    """(network of features, the same with a layer of `outputs` logits), untrained.

    Convolutions with batch normalization, each but the first and the last of stride 2 until the
    picture has at most 8x8 places, and the average over these. float32, whatever the policy.

    Args:
        shape: (height, width, channels) of any size.
        mean, deviation: of the training images' values.
        seed: of the weights.
    """
    seeds = iter(np.random.SeedSequence(seed).generate_state(100))

    def layer(kind, *arguments, **options):
        start = keras.initializers.HeNormal(seed=int(next(seeds)))
        return kind(*arguments, kernel_initializer=start, dtype="float32", **options)

    def convolution(x, filters, stride):
        kernel = 2 * stride + 1  # every pixel is seen
        options = {"padding": "same", "use_bias": False}
        x = layer(layers.Conv2D, filters, kernel, stride, **options)(x)
        x = layers.BatchNormalization(momentum=0.9, dtype="float32")(x)
        return layers.ReLU(dtype="float32")(x)

    side = max(shape[:2])
    inputs = keras.Input(shape)
    x = layers.Rescaling(1.0 / deviation, -mean / deviation, dtype="float32")(inputs)
    x = convolution(x, SIZE // 2, 1 if side <= LARGEST else 2 if side <= 2 * LARGEST else 4)
    while max(x.shape[1:3]) > CODED:
        x = convolution(x, SIZE, 2)
    x = convolution(x, SIZE, 1)
    features = layers.GlobalAveragePooling2D(dtype="float32")(x)
    logits = layer(layers.Dense, outputs)(features)
    return keras.Model(inputs, features), keras.Model(inputs, logits)


def train(network, task, split, seed=0):
    """Trains a network of logits for a task on a `zoo.datasets.Split`, in bounded time."""
    batch = max(1, min(BATCH, len(split), PIXELS // int(np.prod(split.images.shape[1:3]))))
    a_pass = len(split) // batch
    steps = min(STEPS, PASSES * a_pass)
    network.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() == "jax",
    )
    bar = keras.utils.Progbar(steps) if sys.stdout.isatty() else None
    for step in range(steps):
        which_pass, place = divmod(step, a_pass)
        order = np.random.default_rng([seed, _ORDER, which_pass]).permutation(len(split))
        rows = np.sort(order[place * batch : (place + 1) * batch])
        x, y = task.batch(split, rows, np.random.default_rng([seed, _TASK, step]))
        loss = network.train_on_batch(x, y)
        if bar:
            bar.update(step + 1, [("loss", float(loss))])


def accuracy_of(network, task, split, seed=0):
    """The share of at most `LOOKED_AT` images of a split of which the network tells what it is."""
    generator, right = np.random.default_rng([seed, _TEST]), 0
    chosen = _rows(split)
    step = _images_a_call(split.images.shape[1:])
    for first in range(0, len(chosen), step):
        x, y = task.batch(split, chosen[first : first + step], generator)
        right += int(np.sum(network.predict_on_batch(x).argmax(axis=1) == y))
    return right / len(chosen)


def scale_of(network, split):
    """What makes the variances of the features over training images sum to `VARIANCE`."""
    features = FeatureNetwork(network, 1.0, "", 0.0, 0.0).features(split.batch(_rows(split)))
    return float(np.sqrt(VARIANCE / max(features.var(axis=0).sum(), 1e-12)))


def brightness(split):
    """(mean, standard deviation) of the values of training images."""
    values = split.batch(_rows(split)[:1000])
    return float(values.mean()), float(max(values.std(), 1e-3))


def _rows(split):
    """At most `LOOKED_AT` rows, evenly spread, as many as `VALUES` allows."""
    most = max(1, min(LOOKED_AT, len(split), 16 * VALUES // int(np.prod(split.images.shape[1:]))))
    return np.unique(np.linspace(0, len(split) - 1, most).astype(int))


def _images_a_call(event_shape):
    return max(1, min(500, VALUES // int(np.prod(event_shape))))
