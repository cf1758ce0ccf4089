"""What a recipe prints of itself: the plan, the reasons, where things are in the end."""

MOST_REASONS = 40
"""Columns of a table that are printed with the reason for their kinds."""


def described(model, data, settings, target, precision):
    """The model, its data and the plan, before anything is trained."""

    def rows(network):
        return f"{network.count_params():,} parameters in {len(network.layers)} layers"

    import keras

    device = keras.distribution.list_devices()[0]
    if settings.devices > 1:
        device = f"{settings.devices} devices of {device.partition(':')[0]}"
    patience = settings.patience
    stop = f"early stop after {patience} epochs without gain" if patience else "no early stop"
    return (
        f"{model.name}: {model.count_params():,} parameters, {model.latent} latents, "
        f"{model.likelihood.family} likelihood{_objective(model)}\n"
        f"  encoder {rows(model.encoder)}\n"
        f"  decoder {rows(model.decoder)}\n"
        f"data: {data.name}, {len(data.train):,} training and {len(data.test):,} test examples of "
        f"shape {list(data.event_shape)}, binarization {data.binarization}"
        f"{_augmentation(settings)}\n"
        f"plan: {settings.epochs} epochs of batches of {settings.batch_size}, Adam at up to "
        f"{settings.learning_rate:g} after {settings.warmup_steps} steps of warm-up, {stop}, seed "
        f"{settings.seed}, Keras on {keras.backend.backend()} ({device}, {precision}); artifact "
        f"{target}"
    )


def reasons(chosen, loaded):
    """Lines of what was decided and why, of as many columns of a table, too, and `_notes`."""
    chosen = [each for each in (*chosen, *loaded.reasons[:MOST_REASONS]) if each]
    return [*_table(chosen), *(f"  {sentence}" for sentence in _notes(loaded))]


def _table(chosen):
    """Lines of what was decided and why, in columns."""
    widths = [max(len(getattr(each, part)) for each in chosen) for part in ("what", "value")]
    for each in chosen:
        yield f"  {each.what:<{widths[0]}}  {each.value:<{widths[1]}}  {each.why}"


def _notes(loaded):
    """What was chosen in loading, less the columns that are in the table above it."""
    more = len(loaded.reasons) - MOST_REASONS
    yield from loaded.notes
    if more > 0:
        yield f"{more:,} columns more: `zoo columns FILE` lists them all."


def _augmentation(settings):
    return f", augmented by {' and '.join(settings.augment)}" if settings.augment else ""


def _objective(model):
    return "" if model.objective_shown == "-" else f", objective {model.objective_shown}"


def done(target, seconds):
    """What has been made, and how it is loaded."""
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return (
        f"Every format answers as the trained model does. {seconds:.0f} s in all.\n"
        f"Artifact: {target} ({size / 2**20:.1f} MiB); its card is {target / 'README.md'}.\n"
        f"Load it:  import zoo; vae = zoo.load({str(target)!r})"
    )


def not_exported(folder, line):
    """Where a run lies that was trained and evaluated, and how it is exported elsewhere."""
    import zoo

    return (
        f"Trained and evaluated, and not exported for want of {zoo.export.missing()}. All of the "
        f"run is in {folder}. Copy that folder to a machine with the training stack (pip install "
        '"vae-zoo[train]") and the same data, into the same place, and run there:\n\n'
        f"    {line}\n\nNothing is trained or evaluated anew."
    )
