"""What a card says of the endpoints: their tensors, and what their noise promises."""


def section(m):
    """The section, of a manifest."""

    def side(tensors):
        return ", ".join(f"`{t['name']}` {t['dtype']} {shape(t['shape'])}" for t in tensors)

    rows = [
        f"| `{name}` | {side(e['inputs'])} | {side(e['outputs'])} |"
        for name, e in m["endpoints"].items()
    ]
    return (
        "## Endpoints\n\n| endpoint | inputs | outputs |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
        + _notes(m)
    )


def _notes(m):
    if "generate" not in m["endpoints"]:
        return "There is no prior, hence no `generate`; `reconstruction` is an anomaly score."
    if "codes" in m["latent"]:
        return (
            "Row i of `generate` depends on seed[i] alone; its noise has the same bits in every "
            "runtime. Where a code hangs on the last digits of a probability it may differ between "
            "runtimes, and so may those drawn after it; those of `encode` may, where two codes are "
            "equally near. `score` is exact; -`elbo` is an anomaly score."
        )
    feedback = ""
    if m["autoregressive"]:
        feedback = (
            "The decoder feeds back each step it draws or, in `decode` and `reconstruct`, finds "
            "likeliest: where a binary step hangs on the last digits of a probability, it and the "
            "steps after it may differ between runtimes. "
        )
    same = "`z` has the same bits in every runtime"
    if not m["latent"]["exact_bits"]:
        same = (
            "the noise that `z` is made of has the same bits in every runtime, `z` itself is "
            "computed and rounded"
        )
    return (
        f"Row i of `generate` depends on seed[i] alone; {same}. "
        f"{feedback}`score` averages over {m['score_samples']} fixed noise draws; -`elbo` is an "
        f"anomaly score.{_ratio(m['latent'])}{_step(m['endpoints'])}"
    )


def _ratio(latent):
    """A sentence on the likelihood ratio, where there is one."""
    if "ratio_groups" not in latent:
        return ""
    names = list(latent["groups"])
    of_each = [f"{k} ({', '.join(names[-k:])})" for k in latent["ratio_groups"]]
    return (
        " So is each column of `likelihood_ratio`: the ELBO less that of draws whose lowest k "
        "groups the prior makes of those above (Havtorn et al. 2021); by column k is "
        + "; ".join(of_each)
        + "."
    )


def _step(endpoints):
    """A sentence on `decode_step`, where there is one."""
    if "decode_step" not in endpoints:
        return ""
    return (
        " `decode_step` is one step of `decode`, for a loop of your own: before the first, `token` "
        "is -1 and `state` zeros; then they are the token that you chose and `next_state`."
    )


def shape(sizes):
    """[batch, 8, 8] of sizes and names."""
    return "[" + ", ".join(str(n) for n in sizes) + "]"
