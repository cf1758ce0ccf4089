"""What a recipe measures of a trained model, and in whose features."""

from zoo.errors import InputError


def report_of(config, model, data, folder, inception):
    """The `Report` of a trained model: that of an earlier sitting, or measured now and kept."""
    from zoo.recipe import evaluated, road

    belongs_to = evaluated.digest(model, data, config)
    if found := evaluated.load(folder, belongs_to):
        return found
    networks = [*_feature_networks(config, model, data), *inception]
    report = road.evaluate(
        model,
        data,
        seed=config.seed,
        samples=config.samples,
        folder=folder,
        networks=networks,
        evaluated=config.evaluated,
    )
    evaluated.save(folder, report, belongs_to)
    return report


def _feature_networks(config, model, data):
    """The network, in a list, in whose features samples are measured; [] where there is none."""
    import zoo

    if not config.sample_quality or data.schema.kind != "image" or not model.generates:
        return []
    if problem := zoo.evaluation.why_no_quality(model, data):
        print(problem, flush=True)
        return []
    return [zoo.evaluation.feature_network(data)]


def inception_of(config, model, data):
    """Inception in a list, if it is asked for: refused before training what it cannot be."""
    import zoo

    if not config.inception:
        return []
    if problem := zoo.evaluation.why_no_quality(model, data):
        raise InputError(f"{problem} Leave --inception out.")
    return [zoo.evaluation.Inception(data.schema)]
