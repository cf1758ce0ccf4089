"""The likelihood ratio of a hierarchy: what x owes to the groups nearest to it, an anomaly score.

Source: Havtorn et al. 2021, "Hierarchical VAEs Know What They Don't Know", equations 8 and 9.
"""

from keras import ops


def of(elbo, kl, log_p_above, ratio_groups):
    """LLR^{>k} = L - L^{>k} of every k: [batch, len(ratio_groups)], nats.

    L is the ELBO. In L^{>k} the prior draws the lowest k groups, given those above, which the
    posterior draws, and the KL is of the latter alone: a bound on log p(x) too, of a posterior that
    learns of x from above only. So the ratio is high where what the upper groups say of x, which is
    what kind of thing it is, does not account for it, and the nats that x costs whatever its kind,
    as a picture of many details does, cancel.

    Args:
        elbo: [batch].
        kl: {group: [batch]}, from the top down.
        log_p_above: log p(x|z) of the draws of each k: [batch, draws] each.
        ratio_groups: every k.
    """
    of_groups, ratios = list(kl.values()), []
    for k, log_p in zip(ratio_groups, log_p_above, strict=True):
        bound = ops.mean(log_p, axis=1) - sum(of_groups[:-k])
        ratios.append(elbo - bound)
    return ops.stack(ratios, axis=1)
