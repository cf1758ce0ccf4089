"""`publish`: the whole road from a trained model to an artifact in place."""

import shutil
from pathlib import Path

from zoo.artifact import layout
from zoo.export import card, fingerprints, manifest, needed, test_data
from zoo.export.processes import maker
from zoo.export.published import Published
from zoo.export.staging import staged
from zoo.export.trained import require_same_answers


def publish(
    model,
    data,
    run,
    report,
    figures,
    recipe,
    target,
    command,
    replace=False,
    float16=True,
    warnings=(),
    tuned_from=None,
):
    """Exports a trained model, proves the export and puts the artifact in place.

    Nothing appears at `target` unless every format answers as the model did. Graphs in float16 are
    a variant: an endpoint's that is not equal is left out, and the manifest says why.

    Args:
        model: the trained model.
        data: what `zoo.datasets.binarize` gives; its test split gives the inputs of the proof.
        run: what `training.fit` returned, or `training.elsewhere.run`.
        report: what `evaluation.report` returned.
        figures: a folder of PNGs, as `evaluation.draw` fills it.
        recipe: {"script", "config", "seed"}, kept in the manifest.
        target: the artifact's folder, named <model>-<dataset>.
        command: the command line that repeats this, for the card; None where there is none.
        replace: whether an artifact that is there may be replaced.
        float16: whether graphs in float16 are wanted.
        warnings: sentences about the trained model that its users must know; the card begins its
            metrics with them.
        tuned_from: {"name", "manifest_sha256", "model_sha256"} of the artifact whose model was
            trained on; None: it was a new one.

    Returns:
        A `Published`.

    Raises:
        MissingDependency: where TensorFlow or what makes ONNX graphs is not installed.
        ExportError: if the target is taken or cannot be written, if an answer of the model is not
            finite, if a conversion fails or reports an error, or if an export is not equal to it.
    """
    needed.require_possible()
    target = Path(target)
    with staged(target, replace) as stage, maker() as make:
        endpoints = model.endpoints()
        count = test_data.rows(endpoints)
        test_data.write_inputs(stage, test_data.examples(model, data, count))
        model.bare().save(stage / layout.KERAS)
        answer = make(
            stage=str(stage),
            trained=fingerprints.of(model),
            contract={name: each.to_json() for name, each in endpoints.items()},
            float16=float16,
        )
        require_same_answers(model, endpoints, stage)
        shutil.copytree(figures, stage / layout.FIGURES)
        if run.history:
            run.write_history(stage / layout.HISTORY)
        facts = manifest.build(
            target.name,
            answer,
            data,
            run,
            report,
            recipe | {"command": command},
            warnings,
            tuned_from,
        )
        card.write(stage, facts)
        manifest.write(stage, facts)
    return Published.from_answer(target, answer)
