"""Special functions to the last digits in float32, of operations that every runtime rounds alike.

Neither ONNX nor every backend has expm1, log1p of small values or the logarithm of the gamma
function: a converter writes log1p(x) as log(1 + x) and expm1(x) as exp(x) - 1, whose digits cancel.
Near zero these are polynomials; what is added beyond is 0 to the last bit within, so that no
runtime needs to choose between the two.
"""

from keras import ops

# log(sinh(t/2) / (t/2)) in powers of t**2, by the Bernoulli numbers.
_SINH = (1 / 24, -1 / 2880, 1 / 181440, -1 / 9676800, 1 / 479001600)
# log gamma(a) beyond (a - 1/2) log a - a + log(2 pi)/2, in odd powers of 1/a (Stirling's series).
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
_SHIFT = 4


def exp_beyond_line(x):
    """exp(x) - 1 - x, to the last digits wherever it is small: any shape -> the same shape.

    A posterior close to the prior has a KL of about x**2 / 4, which no difference of exp(x) and
    1 + x can give: their digits cancel. Within [-1/2, 1/2] these are eight terms of the Taylor
    series, which err by less than 1e-7 of the sum.
    """
    near = ops.clip(x, -0.5, 0.5)
    series = 1.0
    for n in range(9, 2, -1):
        series = 1.0 + near / n * series
    return 0.5 * ops.square(near) * series + (ops.exp(x) - ops.exp(near)) - (x - near)


def log_one_plus(x):
    """log(1 + x) for x > -1, to the last digits wherever it is small: any shape -> the same shape.

    Within [-1/2, 1] this is 2 atanh(x / (2 + x)), nine terms of whose series err by less than
    1e-9 of the sum.
    """
    near = ops.clip(x, -0.5, 1.0)
    ratio = near / (2.0 + near)
    squared, series = ops.square(ratio), 0.0
    for n in range(17, 0, -2):
        series = 1.0 / n + squared * series
    return 2.0 * ratio * series + ops.log((1.0 + x) / (1.0 + near))


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
