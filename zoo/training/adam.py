"""Adam as one operation a weight tensor, where the backend has one; averages and skipped steps."""

import keras
from keras import ops

from zoo.training import averages, skipping


@keras.saving.register_keras_serializable(package="zoo.training")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, whose step on TensorFlow is the one fused kernel TensorFlow has.

    Keras composes a step of about ten operations, each of which reads and writes arrays as large as
    the weights; on two CPU cores the kernel saves 4 to 13 % of a training step (`python
    benchmarks/training_step.py`; the table is in docs/training.md). Elsewhere, and for gradients of
    a few rows (of an embedding), it is Keras's own. Both compute Kingma & Ba 2015, algorithm 1, in
    the order that ends its section 2: `weight -= rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m /
    (sqrt(v) + epsilon)`.

    Averages and counts are variables of the optimizer, as moments are. Keras's own `use_ema` has no
    warm-up, and at the end of each `fit` it puts the averages over the weights that training is to
    go on with.

    Args:
        arguments, options: as in `keras.optimizers.Adam`.
        ema: decay of the exponential moving averages of the weights, `averages`; 0 keeps none.
        skip_norm: a step whose gradient has a longer norm, over all weights together and before any
            clipping, or one that is no number, is skipped: see `zoo.training.skipping`. 0 skips
            none.
    """

    def __init__(self, *arguments, ema=0.0, skip_norm=0.0, **options):
        super().__init__(*arguments, **options)
        self.ema = ema
        self.skip_norm = skip_norm
        self.averages = []

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        if self.ema:
            self.averages = [
                self.add_variable_from_reference(variable, "average", _value_of(variable))
                for variable in variables
            ]
        if self.skip_norm:
            self.skipped = self.add_variable((), dtype="int", name="skipped")
            self.skipped_in_a_row = self.add_variable((), dtype="int", name="skipped_in_a_row")
            self.last_norm = self.add_variable((), dtype="float32", name="last_norm")

    @property
    def iterations(self):
        """Steps that were taken, which correct the moments' bias.

        The learning rate is by all steps, skipped ones among them.
        """
        if self.skip_norm and self.built:
            return super().iterations - self.skipped
        return super().iterations

    def apply(self, grads, trainable_variables=None):
        """As Keras's; where a norm is taken of all gradients, rows of an embedding are summed.

        Keras would square them one by one, and a row that a batch has twice would count too little.
        """
        if (self.global_clipnorm or self.skip_norm) and keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            grads = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]
        if not self.skip_norm:
            self._take(grads, trainable_variables)
            return
        if not self.built and trainable_variables is not None:
            self.build(list(trainable_variables))
        norm = skipping.norm(grads)
        taken = ops.logical_and(ops.isfinite(norm), norm <= self.skip_norm)
        counts = [self._iterations, self.skipped, self.skipped_in_a_row, self.last_norm]
        own = {id(variable) for variable in counts}
        changed = [v for v in self.variables if id(v) not in own] + [*self._trainable_variables]
        step = ops.add(self._iterations, 1)
        skipping.only_if(taken, lambda: self._take(grads, trainable_variables), changed)
        self._iterations.assign(step)
        skipped = ops.cast(ops.logical_not(taken), self.skipped.dtype)
        self.skipped.assign_add(skipped)
        self.skipped_in_a_row.assign((self.skipped_in_a_row + 1) * skipped)
        self.last_norm.assign(norm)

    def _take(self, grads, trainable_variables):
        super().apply(grads, trainable_variables)
        if self.ema:
            share = averages.share(self.ema, self.iterations - 1)
            for average, weight in zip(self.averages, self._trainable_variables, strict=True):
                _average(average, weight, ops.cast(share, average.dtype))

    def update_step(self, gradient, variable, learning_rate):
        """Updates a weight and its two moments, all of one shape, in place."""
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            return super().update_step(gradient, variable, learning_rate)
        import tensorflow as tf

        if not isinstance(gradient, tf.Tensor):
            return super().update_step(gradient, variable, learning_rate)
        index = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=ops.power(ops.cast(self.beta_1, variable.dtype), step),
            beta2_power=ops.power(ops.cast(self.beta_2, variable.dtype), step),
            lr=ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, variable.dtype),
        )

    def get_config(self):
        return {**super().get_config(), "ema": self.ema, "skip_norm": self.skip_norm}


def _handle(variable):
    """Of TensorFlow's own variable, which Keras's wraps."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def _average(average, weight, share):
    """Moves an average towards its weight, in place."""
    if keras.backend.backend() != "tensorflow":
        average.assign(average - share * (average - weight))
        return
    import tensorflow as tf

    tf.raw_ops.ResourceApplyGradientDescent(
        var=_handle(average), alpha=share, delta=average - weight
    )


def _value_of(variable):
    """An initializer: what a variable holds now, in memory of its own."""
    return lambda shape, dtype=None: ops.copy(variable)
