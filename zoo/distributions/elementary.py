"""Elementary functions to the last digits in float32, of operations that every runtime has.

Neither ONNX nor every backend has expm1, log1p of small values or the logarithm of the gamma
function.
"""

from keras import ops

# log(sinh(t/2) / (t/2)) in powers of t**2, by the Bernoulli numbers.
_SINH = (1 / 24, -1 / 2880, 1 / 181440, -1 / 9676800, 1 / 479001600)
# log gamma(a) beyond (a - 1/2) log a - a + log(2 pi)/2, in odd powers of 1/a (Stirling's series).
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
_SHIFT = 4


def log_sinhc(t):
    """log(sinh(t/2) / (t/2)), an even function: any shape -> the same shape.

    Within [-1, 1] five terms of its Taylor series, which err by 5e-11; beyond, |t|/2 and the rest.
    """
    near, far = ops.clip(t, -1.0, 1.0), ops.maximum(ops.abs(t), 1.0)
    square = ops.square(near)
    series = square * _polynomial(_SINH, square)
    closed = 0.5 * far + ops.log((1.0 - ops.exp(-far)) / far)
    return ops.where(ops.abs(t) < 1.0, series, closed)


def log_sinhc_slope(t):
    """The derivative of `log_sinhc`, coth(t/2)/2 - 1/t, within (-1/2, 1/2)."""
    near, far = ops.clip(t, -1.0, 1.0), ops.maximum(ops.abs(t), 1.0)
    series = near * _polynomial([2 * n * c for n, c in enumerate(_SINH, 1)], ops.square(near))
    closed = ops.sign(t) * (0.5 / ops.tanh(0.5 * far) - 1.0 / far)
    return ops.where(ops.abs(t) < 1.0, series, closed)


def log_rising(a, x):
    """log(gamma(a + x) / gamma(a)), a > 0 and x >= 0; the arguments broadcast.

    `log_rising(1, x)` is log x!. Four steps of the recurrence, then Stirling's series, which errs
    by 1e-9; the rest is float32's own rounding, about 2e-7 of the value. It keeps its digits where
    x is small beside a, where the difference of two logarithms of gamma functions has none left.
    """
    x = x + 0.0 * a
    shifted = a + float(_SHIFT)
    grown = _log_one_plus(x / shifted)  # log((shifted + x) / shifted)
    steps = sum(_log_one_plus(x / (a + float(j))) for j in range(_SHIFT))
    beyond = _stirling(shifted + x) - _stirling(shifted)
    return (shifted - 0.5) * grown + x * (ops.log(shifted + x) - 1.0) + beyond - steps


def _log_one_plus(y):
    """log(1 + y), y >= 0, to the last digits: softplus has them in every runtime."""
    return ops.softplus(ops.log(ops.maximum(y, 1e-30)))


def _stirling(a):
    inverse = 1.0 / a
    return inverse * _polynomial(_STIRLING, inverse * inverse)


def _polynomial(coefficients, x):
    total = 0.0
    for coefficient in reversed(coefficients):
        total = coefficient + x * total
    return total
