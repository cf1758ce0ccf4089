"""The Fréchet distance of two sets of features, each taken for a normal distribution."""

import numpy as np

from zoo.errors import InputError


def frechet_distance(features_a, features_b):
    """Squared Fréchet distance of the normals that two sets have the moments of: a float.

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) with means m and covariances C (Dowson &
    Landau 1982; of samples of a model and real images, Heusel et al. 2017, who call it FID in the
    features of a network named Inception). In the squared unit of the features, computed in
    float64. 0 where the moments are equal.

    The estimate is biased upwards, the more so the fewer examples there are: compare distances of
    one n, and state it. With C = F'F, the trace of the root is the sum of the singular values of
    F_a F_b': no matrix is squared, and none need be of full rank, as with fewer examples than
    dimensions none is.

    Args:
        features_a, features_b: [n, dimension] and [m, dimension], two examples or more of each.

    Raises:
        InputError: for arrays of other shapes, or values that are not finite.
    """
    a, b = checked(features_a, features_b, least=2)
    factor_a, factor_b = _factor(a), _factor(b)
    shared = np.linalg.svd(factor_a @ factor_b.T, compute_uv=False).sum()
    spread = np.square(factor_a).sum() + np.square(factor_b).sum()  # the traces of C_a and C_b
    between = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(max(0.0, between + spread - 2.0 * shared))


def frechet_distance_of_moments(mean_a, covariance_a, mean_b, covariance_b):
    """`frechet_distance` where the features are no more at hand, but their moments are: a float.

    The trace of the root is the sum of the roots of the eigenvalues of R' C_b R with C_a = R R',
    which is symmetric: no root is taken of a matrix that is none. Rounding of C is felt as the root
    of it where C has eigenvalues of 0; where features are at hand, `frechet_distance` is exact.

    Args:
        mean_a, mean_b: [dimension].
        covariance_a, covariance_b: [dimension, dimension], symmetric.
    """
    values, vectors = np.linalg.eigh(covariance_a)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root.T @ covariance_b @ root), 0.0)).sum()
    between = np.square(mean_a - mean_b).sum()
    return float(max(0.0, between + np.trace(covariance_a + covariance_b) - 2.0 * shared))


def checked(features_a, features_b, least):
    """Two sets of features as float64; refuses what is none.

    Raises:
        InputError: unless each is [n, dimension] of one dimension, of `least` examples and finite.
    """
    pair = [np.asarray(each, np.float64) for each in (features_a, features_b)]
    shapes = [each.shape for each in pair]
    if any(len(shape) != 2 for shape in shapes) or shapes[0][1] != shapes[1][1]:
        raise InputError(
            f"Features of shapes {list(shapes[0])} and {list(shapes[1])}; wanted are "
            "[n, dimension] and [m, dimension], of one dimension."
        )
    if min(len(each) for each in pair) < least:
        raise InputError(
            f"Features of {len(pair[0])} and {len(pair[1])} examples; wanted are {least} or more "
            "of each."
        )
    for each in pair:
        bad = np.flatnonzero(~np.isfinite(each).all(axis=1))
        if len(bad):
            raise InputError(
                f"Features of {len(bad)} of {len(each)} examples are not finite, the first at "
                f"index {bad[0]}: look for the images that they are of."
            )
    return pair


def _factor(features):
    """F [at most d, d], of which F'F is the covariance of features [n, d]."""
    centred = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    return centred if len(centred) <= centred.shape[1] else np.linalg.qr(centred, mode="r")
