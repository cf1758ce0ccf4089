"""What a card says of the metrics: the table, what it is of, and what it is compared with."""

from zoo.artifact.manifest import metric_in_words


def section(m):
    """The section, of a manifest."""
    rows = [f"| {name} | {metric_in_words(name, value)} |" for name, value in m["metrics"].items()]
    terms = "`reconstruction` = -log p(x given z),"
    if "nll" in m["metrics"]:
        sampled = m["protocol"]["elbo_samples"] is not None
        nll = "-log p(x)" if sampled else "-`elbo`, a bound on -log p(x) from above"
        terms = f"`elbo` = -(`reconstruction` + `kl`), `nll` = {nll},"
    if "bits_per_dimension" in m["metrics"]:
        terms += " which `bits_per_dimension` gives in bits a value,"
    use = ""
    if "perplexity" in m["metrics"]:
        use = (
            f" `perplexity` is the exponential of the entropy of the {m['latent']['codes']} codes' "
            "frequencies, `codes_used` how many of them occur."
        )
    # An artifact of an earlier version was compared with none.
    against = "".join(f"\n\n{sentence}" for sentence in m["protocol"].get("baselines", ()))
    return (
        f"## Metrics\n\n{_warnings(m)}| metric | value |\n|---|---|\n" + "\n".join(rows) + "\n\n"
        f"On {m['protocol']['statement']}. {terms} in nats per example, averaged over the test set."
        f"{use}{_strings(m)}{_properties(m)}{_sample_quality(m)}{against}"
    )


def _strings(m):
    how = m["protocol"].get("strings")
    return f"\n\n{how['statement']}." if how else ""


def _properties(m):
    names = m["protocol"].get("properties")
    if not names:
        return ""
    return (
        f"\n\n`predict_properties` says {' and '.join(names)} of z: `_mae` is the mean absolute "
        "error in the property's unit, `_r2` the share of its variance that is predicted, from the "
        "posterior's mean of the test examples."
    )


def _sample_quality(m):
    return "".join(f"\n\n{how['statement']}." for how in m["protocol"].get("sample_quality", ()))


def _warnings(m):
    return "".join(f"**Warning:** {sentence}\n\n" for sentence in m["warnings"])
