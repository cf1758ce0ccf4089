"""Of every catalog entry: sizes that make it tiny, and what the contract wants of it.

A new entry states its case here; without one the suite fails.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tables
import top_down

import zoo
from zoo.artifact.endpoints import BATCH
from zoo.datasets.strings.loading import of_list
from zoo.objectives import FreeBits

SEED = 5
TRAINING, TEST = 192, 70  # examples; the proof takes 64 of the latter


@dataclasses.dataclass(frozen=True)
class Case:
    """What the suite needs to know of an entry.

    Args:
        options: of its builder, which make it tiny.
        entry: of the catalog; None: the case has its name.
        default: values of z as the recipe builds it for the digits.
        conditions: {name: count} of its inputs beside x.
        encoded: {name: width} of what `encode` gives; names alone are as wide as z.
        nats: what `score` gives.
        width: values of z, where they are not as many as latents.
        codes: how many values each latent may take, where they are whole numbers.
        exact_bits: whether z of `generate` has the same bits in every runtime.
        generates: whether there is a prior to draw from.
        named: the dataset that its recipe takes unless told, an embedded one.
        made: () -> a Dataset in its place.
        hides: whether training hides some of x from the encoder.
        by_hand: whether its artifact is made of the tiny model, without a recipe.
        example, decoded, drawn: (name, dtype, shape) of the tensors of an example, of what `decode`
            answers and of what `generate` does; None takes those of x.
        scores: of what `score` gives besides its nats.
        split: x -> the arrays of an example, in order.
        step: (tokens, values of the state) of `decode_step`, where there is one.
        covariates: names of what `decode` and `generate` take besides, float32 [batch].
    """

    options: dict
    default: int
    conditions: dict = dataclasses.field(default_factory=dict)
    encoded: tuple | dict = ("mean", "log_var")
    nats: tuple = ("elbo", "reconstruction", "kl")
    generates: bool = True
    width: int | None = None
    codes: int | None = None
    exact_bits: bool = True
    named: str = "digits"
    made: Callable | None = None
    hides: bool = False
    by_hand: bool = False
    example: list | None = None
    decoded: list | None = None
    drawn: list | None = None
    scores: tuple = ()
    split: Callable = lambda x: [x]
    step: tuple | None = None
    covariates: tuple = ()
    entry: str | None = None

    def data(self):
        """A few of its dataset's examples."""
        if self.made:
            return self.made()
        whole = zoo.datasets.load(self.named)
        return dataclasses.replace(
            whole,
            train=whole.train.subset(range(TRAINING)),
            test=whole.test.subset(range(TEST)),
        )

    @property
    def latent(self):
        """Values of z."""
        return self.width or self.options["latent"]

    def endpoints(self, event):
        """{name: (inputs, outputs)}, each (name, dtype, shape): the design's table."""
        x = self.example or [("x", "float32", (BATCH, *event))]
        z = ("z", "float32", (BATCH, self.latent))
        besides = [(name, "int32", (BATCH,)) for name in self.conditions]
        if self.codes:
            z = ("codes", "int32", (BATCH, self.latent))
        decoded = self.decoded or [("x_mean", "float32", (BATCH, *event))]
        scores = [*((name, "float32", (BATCH,)) for name in self.nats), *self.scores]
        given = [(name, "float32", (BATCH,)) for name in self.covariates]
        widths = self.encoded
        if not isinstance(widths, dict):
            widths = dict.fromkeys(widths, self.latent)
        encoded = [(name, "float32", (BATCH, width)) for name, width in widths.items()]
        encoded = [z] if self.codes else encoded
        table = {
            "encode": ([*x, *besides], encoded),
            "decode": ([z, *besides, *given], decoded),
            "reconstruct": ([*x, *besides], decoded),
            "generate": (
                [("seed", "int64", (BATCH,)), *besides, *given],
                [*(self.drawn or decoded), z],
            ),
            "score": ([*x, *besides], scores),
        }
        if not self.generates:
            del table["generate"]
        if self.step:
            count, width = self.step
            table["decode_step"] = (
                [("token", "int32", (BATCH,)), ("state", "float32", (BATCH, width)), z],
                [("logits", "float32", (BATCH, count)), ("next_state", "float32", (BATCH, width))],
            )
        return table


DENSE = {"latent": 3, "units": (16,)}
CONV = {"latent": 3, "filters": (4, 8), "dense": 16}
TEST_ONLY = "top_down"  # a model of the tests, which no recipe trains
ROW = [("numbers", "float32", (BATCH, 5)), ("categories", "int32", (BATCH, 3))]


def split_row(x):
    """The arrays of a row of `tables`: numbers, and codes with -1 where they are missing."""
    return [x[:, :5], np.nan_to_num(x[:, 5:], nan=-1.0).astype(np.int32)]


def strings():
    """Some 260 words of up to 6 letters, of 4 letters and an end."""
    drawn = np.random.default_rng(SEED)
    words = ["".join(drawn.choice([*"abcd"], drawn.integers(1, 7))) for _ in range(TRAINING + TEST)]
    return of_list(words[:TRAINING], words[TRAINING:])


def split_strings(x):
    """Numbers of tokens."""
    return [x.astype(np.int32)]


def of_tokens(name):
    """A tensor of tokens and the probabilities of each, as `strings` have them."""
    return [(name, "int32", (BATCH, 7)), ("probabilities", "float32", (BATCH, 7, 5))]


def series_with_gaps():
    """A few of the oscillations, every tenth value of which is missing."""
    whole, random = zoo.datasets.load("oscillations"), np.random.default_rng(SEED)

    def with_gaps(split, count):
        x = np.array(split.batch(range(count)))
        x[random.random(x.shape) < 0.1] = np.nan
        return zoo.datasets.Split(x)

    return dataclasses.replace(
        whole,
        train=with_gaps(whole.train, TRAINING),
        test=with_gaps(whole.test, TEST),
        schema=dataclasses.replace(whole.schema, missing=True),
    )


STRINGS = Case(
    {"latent": 3, "units": 6, "encoder_units": 5, "context": 4},
    3,
    made=strings,
    exact_bits=False,
    by_hand=True,  # its recipe takes molecules that come with RDKit
    example=[("tokens", "int32", (BATCH, 7))],
    decoded=of_tokens("tokens_mode"),
    drawn=of_tokens("tokens"),
    split=split_strings,
    step=(5, 6),
)

CASES = {
    "dense_ae": Case(DENSE, 16, encoded=("z",), nats=("reconstruction",), generates=False),
    "dense_vae": Case(DENSE, 50),
    "conv_vae": Case(CONV, 32),
    "conditional_vae": Case(CONV, 32, conditions={"label": 10}),
    "residual_vae": Case(CONV | {"blocks": 1}, 32),
    "rnn_vae": Case({"latent": 3, "units": 6}, 32),
    "series_vae": Case({"latent": 3, "width": 6}, 16, named="oscillations"),
    "series_with_gaps": Case(
        {"latent": 3, "width": 6},
        3,
        made=series_with_gaps,
        hides=True,
        by_hand=True,
        entry="series_vae",
    ),
    "count_vae": Case(
        DENSE,
        10,
        named="cell_counts",
        covariates=("library",),
        decoded=[(name, "float32", (BATCH, 60)) for name in ("x_mean", "dispersion")],
    ),
    "stroke_vae": Case(
        {"latent": 3, "units": 6, "objective": FreeBits(0.0, together=True)},
        3,
        exact_bits=False,
        by_hand=True,  # its recipe takes drawings, which end; the suite's digits have rows
    ),
    "molecule_vae": STRINGS,
    "strings_by_convolutions": dataclasses.replace(
        STRINGS,
        options={"latent": 3, "encoder_units": 5, "decoder": "convolutional", "width": 6}
        | {"blocks": 2},
        step=(5, 2 * (1 + 2) * 6),
        entry="molecule_vae",
    ),
    "beta_vae": Case(DENSE, 10),
    "iwae": Case(DENSE, 50),
    "laplace_vae": Case(DENSE, 50, encoded=("mean", "log_scale")),
    "hyperspherical_vae": Case(DENSE, 10, encoded={"direction": 3, "kappa": 1}, exact_bits=False),
    "gumbel_vae": Case(DENSE | {"classes": 4}, 200, encoded=("logits",), width=12),
    "vampprior_vae": Case(DENSE | {"components": 4}, 50, exact_bits=False),
    "flow_vae": Case(
        DENSE | {"flow_layers": 2, "flow_units": (8,), "context": 5},
        50,
        encoded={"mean": 3, "log_var": 3, "context": 5},
    ),
    "table_vae": Case(
        {"latent": 3, "units": (16,)},
        3,
        made=tables.data,
        hides=True,
        by_hand=True,
        example=ROW,
        decoded=[
            ("numbers_mean", "float32", (BATCH, 5)),
            ("categories_mode", "int32", (BATCH, 3)),
            ("probabilities", "float32", (BATCH, 9)),
        ],
        drawn=ROW,
        scores=(("contribution", "float32", (BATCH, 8)),),
        split=split_row,
    ),
    TEST_ONLY: Case(
        {"latent": 5},
        5,
        encoded={"mean_top": 2, "log_var_top": 2, "mean_bottom": 3, "log_var_bottom": 3},
        exact_bits=False,
        by_hand=True,
    ),
    "hierarchical_vae": Case(
        {"groups": (1, 2), "top": 3, "channels": 1, "filters": (4,), "dense": 6},
        80,
        width=35,
        encoded={
            f"{parameter}_{group}": width
            for group, width in {"top": 3, "4x4_1": 16, "4x4_2": 16}.items()
            for parameter in ("mean", "log_var")
        },
        scores=(("likelihood_ratio", "float32", (BATCH, 1)),),
    ),
    "vq_vae": Case(
        {"codes": 8, "dimension": 3, "filters": (4, 8), "prior_units": 6}, 4, width=4, codes=8
    ),
}


def build(name, event_shape):
    """A tiny untrained model of a catalog entry."""
    zoo.training.seed_everything(SEED)
    if name == TEST_ONLY:
        return top_down.model(event_shape)
    facts = {}
    case = CASES[name]
    if case.made:
        schema = case.data().schema
        law = "auto" if schema.columns else "tokens" if schema.tokens else "normal"
        facts = {"likelihood": zoo.likelihoods.of_schema(law, schema)}
    return zoo.catalog.build(case.entry or name, event_shape, **case.options | facts)


def inputs(name, data, rows, endpoint="encode", latent=None):
    """Arrays for an endpoint, in order: test examples, seeds or latents; then the conditions.

    `latent` is how many values z has, unless those of the tiny model.
    """
    case, drawn = CASES[name], np.random.default_rng(rows)
    latent = latent or case.latent
    if endpoint == "decode_step":
        count, width = case.step
        token = np.arange(rows, dtype=np.int32) % (count + 1) - 1
        state, z = (drawn.normal(size=(rows, n)).astype(np.float32) for n in (width, latent))
        return [token, 0.5 * state, z]
    first = {
        "generate": lambda: drawn.integers(-(2**63), 2**63, rows),
        "decode": lambda: (
            drawn.integers(0, case.codes, (rows, latent), np.int32)
            if case.codes
            else drawn.standard_normal((rows, latent)).astype(np.float32)
        ),
    }.get(endpoint, lambda: data.test.examples(np.arange(rows)))()
    besides = [data.test.condition(key)[:rows] for key in case.conditions]
    if endpoint in ("decode", "generate"):
        besides += [np.linspace(1.0, 900.0, rows, dtype=np.float32) for _ in case.covariates]
    return [first, *besides]


def asked(name, data, rows, endpoint="encode", latent=None):
    """The same as the contract has them: x as the tensors of an example."""
    first, *conditions = inputs(name, data, rows, endpoint, latent)
    of_x = endpoint not in ("generate", "decode", "decode_step")
    return [*(CASES[name].split(first) if of_x else [first]), *conditions]
