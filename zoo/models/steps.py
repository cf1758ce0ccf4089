"""One step of an autoregressive decoder of tokens, for a host that has a loop of its own.

Beam search and constrained decoding choose tokens by rules that no graph knows: they ask for the
logits of one step at a time, and keep the state between.
"""

from keras import ops

from zoo.artifact.endpoints import BATCH, WHOLE, Endpoint, Tensor
from zoo.models import validity

NAME = "decode_step"


def endpoint(model, z):
    """The `Endpoint` of a model that `decodes_steps`, whose `decode` takes the tensor z."""
    count = model.likelihood.token_count
    shape = (BATCH, sum(model.decoder.state_sizes))
    # There is no token before the first: it is missing, -1.
    token = Tensor("token", "int32", (BATCH,), WHOLE, below=count, missing=True)
    given = (token, Tensor("state", "float32", shape), z)
    logits = Tensor("logits", "float32", (BATCH, count))
    return Endpoint(NAME, given, (logits, Tensor("next_state", "float32", shape)))


def step(model, token, state, z):
    """One step of `decode`: {"logits": [batch, count], "next_state": [batch, n]}.

    Args:
        model: a `LatentModel` that `decodes_steps`.
        token: int32 [batch], the token before; -1 before the first.
        state: [batch, n], the `next_state` of the step before; zeros before the first.
        z: [batch, latent], the same at every step.

    Rows whose token there is none of are NaN. That the last step is an end, whatever its logits,
    is for the host to see to.
    """
    token, count = ops.convert_to_tensor(token), model.likelihood.token_count
    codes = () if model.code_count is None else (z, model.code_count)
    known = validity.known(*codes) if codes else z
    last = model.likelihood.network_input(ops.cast(token, "float32"))
    logits, after = model.decoder.step(model.state(known), last, ops.convert_to_tensor(state))
    return validity.masked({"logits": logits, "next_state": after}, [(token + 1, count + 1)], codes)
