"""The proof: what was written is read back from disk and must answer as the trained model did."""

from zoo.artifact.endpoints import HALF
from zoo.errors import ExportError
from zoo.export.signatures import Signatures
from zoo.runtime import replay
from zoo.runtime.replay import Row, table
from zoo.runtime.sessions import Sessions

__all__ = ["Row", "prove", "table"]


def prove(stage, contract, reloaded):
    """Replays test_data in every written format; returns the rows of the parity table.

    Args:
        stage: the artifact's folder.
        contract: {name: Endpoint}.
        reloaded: the model read back from `model.keras`.

    Raises:
        ExportError: naming every endpoint and output that is not equal to the trained model.
    """
    sessions = Sessions(stage / "onnx", providers=["CPUExecutionProvider"])

    def keras_run(name, inputs):
        answer = getattr(reloaded, name)(*inputs.values())
        return {key: value.numpy() for key, value in answer.items()}

    runners = {
        "keras": keras_run,
        "saved_model": Signatures(stage / "saved_model" / "1").run,
        replay.ONNX: sessions.run,
        replay.ONNX_HALF: lambda name, inputs: sessions.run(name + HALF, inputs),
    }
    endings = {replay.ONNX: "", replay.ONNX_HALF: HALF}
    rows = []
    for runtime, run in runners.items():
        for name, endpoint in contract.items():
            if runtime in endings:
                interface = sessions.interface(name + endings[runtime])
                replay.require_same_interface(endpoint, *interface)
            rows += replay.replay(runtime, run, endpoint, stage / "test_data" / f"{name}.npz")
    failed = [row for row in rows if not row.ok]
    if failed:
        raise ExportError("The export is not equal to the trained model:\n" + table(failed))
    return rows
