"""What is exported: a model on TensorFlow, and what several formats are made from, made once."""

import functools


class Source:
    """A model and what formats are made from.

    Args:
        model: read back from the artifact's Keras file, on TensorFlow.
        contract: {name: Endpoint}, those that are exported.
        stage: the artifact's folder so far.
    """

    def __init__(self, model, contract, stage):
        self.model = model
        self.contract = contract
        self.stage = stage

    @functools.cached_property
    def functions(self):
        """{endpoint: (tf.function, signature)}, with the contract's names."""
        from zoo.export.saved_model import functions

        return functions(self.model, self.contract)

    @functools.cached_property
    def graphs(self):
        """{endpoint: its float32 ONNX graph, optimized}, weights inside. To be copied, not changed.

        Raises:
            ExportError: if a conversion fails or reports an error.
        """
        from zoo.export.onnx_graph import conversion
        from zoo.export.saved_model import functions

        return conversion.graphs(
            self.model,
            self.contract,
            lambda: functions(self.model, self.contract),
            self.__dict__.get("functions"),
        )
