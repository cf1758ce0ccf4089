"""In what the metrics of a report are."""

NATS = "nats"
"""The unit of what `of` does not name."""


def of(protocol):
    """{metric: its unit, or what it is a part of}, given a `Report`'s protocol."""
    squared = f"squared error of a {(protocol['pca'] or {}).get('value')}"
    units = {
        "reconstruction_mse": squared,
        "pca_mse": squared,
        "pca_used_mse": squared,
        "active_units": f"of {protocol['latent']}",
        "perplexity": f"of {protocol.get('codes')} codes",
        "codes_used": f"of {protocol.get('codes')}",
        "bits_per_dimension": "bits",
    }
    hidden = protocol.get("hidden", {})
    for name in ("rmse", "rmse_of_means"):
        units[f"imputation_{name}"] = f"scales, {hidden.get('numbers', 0):,} hidden numbers"
    for name in ("accuracy", "accuracy_of_modes"):
        units[f"imputation_{name}"] = f"of {hidden.get('words', 0):,} hidden words"
    for how in protocol["sample_quality"]:
        units |= {name: f"(real {value:.2f})" for name, value in how["real"].items()}
    for name in protocol["properties"]:
        units |= {f"{name}_mae": "in its unit", f"{name}_r2": "of its variance"}
    return units | _of_strings(protocol["strings"] or {})


def _of_strings(how):
    generated, valid = how.get("generated", 0), how.get("valid")
    known = f"{generated:,} generated strings" if valid is None else f"{valid:,} valid ones"
    draws = f"of {how.get('draws', 0)} draws of each of {how.get('drawn', 0):,} test strings"
    return {
        "nats_per_token": "nats a token",
        "exact_reconstruction": f"of {how.get('examples', 0):,} test strings",
        "exact_reconstruction_sampled": draws,
        "valid": f"of {generated:,} generated strings",
        "unique": f"of {known}",
        "novel": f"of {how.get('different', 0):,} different ones",
    }
