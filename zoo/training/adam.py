"""Adam as one operation a weight tensor, where the backend has one."""

import keras


@keras.saving.register_keras_serializable(package="zoo.training")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, whose step on TensorFlow is the one fused kernel TensorFlow has.

    Keras composes a step of about ten operations, each of which reads and writes arrays as large as
    the weights; on two CPU cores the kernel saves 4 to 13 % of a training step (`python
    benchmarks/training_step.py`; the table is in docs/training.md). Elsewhere, and for gradients of
    a few rows (of an embedding), it is Keras's own. Both compute Kingma & Ba 2015, algorithm 1, in
    the order that ends its section 2: `weight -= rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m /
    (sqrt(v) + epsilon)`.
    """

    def apply(self, grads, trainable_variables=None):
        """As Keras's; where it clips by the global norm, rows that an embedding gives are summed.

        Keras would square them one by one, and a row that a batch has twice would count too little.
        """
        if self.global_clipnorm and keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            grads = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]
        return super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """Updates a weight and its two moments, all of one shape, in place."""
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            return super().update_step(gradient, variable, learning_rate)
        import tensorflow as tf

        if not isinstance(gradient, tf.Tensor):
            return super().update_step(gradient, variable, learning_rate)
        index = self._get_variable_index(variable)
        step = keras.ops.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=keras.ops.power(keras.ops.cast(self.beta_1, variable.dtype), step),
            beta2_power=keras.ops.power(keras.ops.cast(self.beta_2, variable.dtype), step),
            lr=keras.ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=keras.ops.cast(gradient, variable.dtype),
        )


def _handle(variable):
    """Of TensorFlow's own variable, which Keras's wraps."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
