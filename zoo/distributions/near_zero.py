"""Functions that keep their last digits near zero, of operations that round alike in any runtime.

A converter writes log1p(x) as log(1 + x) and expm1(x) as exp(x) - 1, whose digits cancel. Here the
neighbourhood of zero is a polynomial; what is added beyond it is 0 to the last bit within it, so
that no runtime needs to choose between the two.
"""

from keras import ops


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
