"""What is known of a training that `fit` of this room did not do: what Keras kept of its own."""

from zoo.training.loop import Run


def run(model, data):
    """A `Run` of a model that was trained by `model.fit`, or read from a file.

    Its history is that of the last `model.fit`; [] where Keras kept none.
    """
    kept = getattr(model, "history", None)  # Keras makes it in `fit`
    rows = []
    for i, epoch in enumerate(kept.epoch if kept else ()):
        values = {name: float(each[i]) for name, each in kept.history.items() if len(each) > i}
        rows.append({"epoch": epoch + 1, **values})
    return Run(
        folder=None,
        history=rows,
        best_epoch=None,
        seconds=None,
        train_examples=len(data.train),
        validation_examples=0,
    )
