"""The options of recipes: a frozen dataclass each, whose docstrings are the help.

`Config` is what every recipe has, `Describing` what every model has besides, `Model` every one with
a latent vector, `VAE` every VAE, `Codes` one whose latents are codes;
`Activation` is for networks that have a choice of it.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from zoo import likelihoods
from zoo.errors import InputError

Likelihood = Literal["auto", *likelihoods.NAMES]
Posterior = Literal[
    "normal",
    "full_normal",
    "laplace",
    "logistic",
    "von_mises_fisher",
    "bernoulli",
    "categorical",
    "flow",
]
PRIORS = ("standard", "mixture", "vampprior", "flow")
Prior = Literal[PRIORS]
Objective = Literal["elbo", "free_bits", "capacity", "total_correlation", "importance_weighted"]


@dataclass(frozen=True)
class Config:
    """Options that every recipe has.

    `data_options` are those besides `dataset` that its kind of data asks for: `--help` shows them.
    `details` are those of a recipe's own that it does not show.
    """

    data_options = ("image_shape",)
    details = ()
    dataset: str = "digits"
    """`digits` (embedded), an image dataset of TensorFlow Datasets by name (mnist, fashion_mnist,
    ...), a folder of images, a .zip or .tar of one, an .npz or .npy file, or a table: a .csv, .tsv
    or .parquet."""
    kind: Literal["auto", "series", "counts", "vector"] = "auto"
    """What an .npz, .npy or .csv holds, where it may mean several things: `series` [n, steps,
    features] or [steps, features], `counts` [n, features], or a `vector` of any numbers."""
    time: str | None = None
    """Column of a .csv of series that says when a step was: rising numbers or dates."""
    entity: str | None = None
    """Column of a .csv of series that says whose a step is."""
    window: int | None = None
    """Steps of the windows that series are cut into; unless given 64, or as many as fit."""
    stride: int | None = None
    """Steps from a window to the next; unless given a quarter of a window."""
    image_shape: tuple[int, int] | tuple[int, int, int] | None = None
    """Height, width and channels (1 or 3) that images are resized and cropped to. What is not given
    is chosen by the files."""
    skip_corrupt: bool = False
    """Leave out images of a folder or archive that cannot be decoded, and name them."""
    tokenizer: Literal["auto", "smiles", "selfies", "characters"] = "auto"
    """How strings are cut into tokens; `auto` is `smiles` of a .smi and of a column named so, and
    `characters` of others. `selfies` are made of SMILES."""
    column: str | None = None
    """Of a .csv or .tsv, the column that holds strings; of TensorFlow Datasets, the text."""
    properties: tuple[str, ...] = ()
    """Of strings, numbers that the latents are trained to predict: of molecules `logP`, `QED`, `SA`
    and `weight`, which RDKit computes, or columns of the .csv or .tsv."""
    property_weight: float = 1.0
    """Weight of the properties' -log p(y|z) in the loss."""
    columns: Path | None = None
    """Of a table, a columns.yaml that says what its columns are; `zoo columns FILE` writes one."""
    label: str | None = None
    """Of a table, the column that is the label, and leaves it."""
    unseen: Literal["refuse", "other"] = "refuse"
    """Of a table, make one word, `other`, of rare words and of those the training rows lack."""
    binarization: Literal["auto", "dynamic", "static", "none"] = "auto"
    """`dynamic` draws training images anew at each visit, `static` once, `none` keeps their values.
    `auto` is dynamic for digits and other writing that is known by its name, none otherwise."""
    augment: tuple[Literal["flip", "shift"], ...] | None = None
    """Draw training images anew at each visit: `flip` mirrors left and right with probability 1/2,
    `shift` moves by up to an eighth of height and width and repeats the edge. Unless given both
    for fewer than 1,000 photographs (8-bit, in colour), none otherwise and where none is named."""
    epochs: int | None = None
    """Passes over the training data; unless given 70, or as many as make 1,000 steps, of pictures
    one for 4 values and up to 2,000."""
    batch_size: int | None = None
    """Examples a step; unless given 128, of fewer than 1,280 pictures 64 or 32."""
    learning_rate: float = 3e-3
    """Peak of Adam's learning rate, which warms up and then decays along a cosine to 0."""
    warmup_steps: int | None = None
    """Steps over which the learning rate rises linearly; unless given 500, or a tenth of all steps
    where that is less."""
    clip_norm: float = 1000.0
    """Largest norm of a step's gradient, over all weights together: a longer one is shortened to
    it; 0 shortens none."""
    skip_norm: float = 0.0
    """Norm of a step's gradient, before it is shortened, above which the step is not taken at all;
    0 takes all."""
    ema: float = 0.0
    """Decay a step of exponential moving averages of the weights, such as 0.999, which are then
    validated, kept and exported in their place; 0 keeps none."""
    weight_decay: float = 0.0
    """Share of its weights that Adam takes off a step, times the learning rate (AdamW)."""
    test_share: float = 0.2
    """Share held out as test set, where the data has none of its own."""
    test_split: Literal["random", "last"] = "random"
    """Which examples that share is: random ones, or the last in the order of the data, as of frames
    of a film, whose neighbours are alike; of the rest the last are for validation."""
    steps: int | None = None
    """Of sequences of several lengths, leave out those of more steps; unless given all are kept,
    or those up to the 99 % quantile where the longest are far from it."""
    memory_share: float = 0.25
    """Share of this machine's memory that images may take; more stay on disk."""
    validation_share: float | None = None
    """Share of the training data held out to choose the best weights; unless given a twentieth, of
    pictures 32 at least but no more than a fifth."""
    patience: int | None = None
    """Stop after so many epochs without a better validation ELBO; unless given a fifth of them,
    and 100 steps at least; 0 never stops."""
    steps_per_epoch: int | None = None
    """Cut epochs to so many steps, for data too large to wait a whole pass for a validation."""
    compiler: Literal["auto", "graph", "xla"] = "auto"
    """How TensorFlow compiles the step; `auto` is XLA on a GPU and a graph on a CPU."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """What networks compute in while they are trained; `bfloat16` is faster on a GPU that has
    units for it. Weights, densities, the evaluation and the artifact are float32 always."""
    devices: int = 1
    """Devices that each batch is cut among, on JAX; of several processes all of theirs together."""
    steps_per_execution: int | None = None
    """Steps that are one program on JAX, after which logs and checkpoints come; unless given up to
    100 on a GPU, and on a CPU up to 20, or 1 of convolutions."""
    float16: bool = True
    """Export graphs in float16 beside those in float32, where they are equal to their tolerance."""
    samples: int = 1000
    """K of the importance-sampled log p(x)."""
    evaluated: int | None = None
    """Test examples that are evaluated, evenly spaced; unless given all, of strings 10,000 at
    most."""
    sample_quality: bool = True
    """Measure samples of pictures against test images, too: Fréchet distance, precision and recall
    in features of a small network that is trained on the training images, once for each data."""
    inception: bool = False
    """Measure `fid`, too, the Fréchet distance in features of Keras's InceptionV3, whose weights
    are downloaded the first time."""
    seed: int = 0
    """Of everything random: split, weights, order, binarization, noise."""
    tuned_from: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """Train on the model of this artifact, a folder or a name, instead of a new one; its likelihood
    and its options are kept, and its objective unless one of its options is given."""
    out: Path = Path("exports")
    """Folder that the artifact is put into."""
    resume: bool = False
    """Go on with a run that was interrupted, at the step where it was."""
    restart: bool = False
    """Discard a run that was interrupted, and begin anew."""
    replace: bool = False
    """Replace an artifact of the same name, once the new one is proven."""
    tensorboard: Path | None = None
    """Write TensorBoard logs with images into this folder."""
    dry_run: bool = False
    """Print the model and the plan, and stop."""


@dataclass(frozen=True)
class Describing(Config):
    """Options that every model has."""

    likelihood: Likelihood = "auto"
    """Of a value; `auto` is by what the data holds: bernoulli for zeros and ones and for ink,
    `discretized_logistic` for 8-bit values, `library_negative_binomial` for counts, `normal` for
    other real values; --dry-run says why."""


@dataclass(frozen=True)
class Model(Describing):
    """Options that every model with a latent vector has."""

    latent: int = 32
    """Size of the latent vector."""


@dataclass(frozen=True)
class VAE(Model):
    """Options that every VAE has: its distributions, and what is done with the bound's terms."""

    posterior: Posterior = "normal"
    """Of the latents given x. `bernoulli` and `categorical` are relaxed while they are trained."""
    prior: Prior = "standard"
    """Of the latents; `standard` is that of the posterior's family, which learns nothing. `mixture`
    and `flow` stand beside any posterior over the reals, `vampprior` beside a normal one."""
    objective: Objective = "elbo"
    """See `zoo.objectives`."""
    beta: float = 1.0
    """Weight of the KL term, or of the total correlation; 1 trains the bound itself."""
    anneal: Literal["none", "linear", "cyclical"] = "none"
    """Let `beta`, or of free_bits the free nats, rise from 0: once, or four times (cyclical)."""
    anneal_steps: int = 1000
    """Steps that the rise takes, or a cycle."""
    free_bits: float = 0.1
    """Nats of each latent that cost nothing (free_bits)."""
    free_bits_together: bool = False
    """Whether these are nats of all latents together (free_bits)."""
    capacity: float = 20.0
    """Nats that the KL is held at (capacity)."""
    draws: int = 5
    """K of the importance-weighted bound in training."""
    doubly_reparameterized: bool = True
    """Whether the importance-weighted bound takes the DReG gradient."""
    prior_share: float = 0.0
    """Share of a batch that training decodes from a draw of the prior in place of its own."""
    mean_share: float = 0.0
    """Share of a batch that training decodes from its posterior's mean in place of a draw."""


@dataclass(frozen=True)
class Codes(Describing):
    """Options of a model whose latents are codes: numbers of a learned codebook's vectors."""

    codes: int = 64
    """Vectors of the codebook, 2 or more."""
    dimension: int = 16
    """Values of each vector."""
    commitment: float = 0.25
    """Weight of the squared distance between encodings and the vectors that stand for them."""
    decay: float = 0.9
    """Of the moving averages that the vectors are, a step."""
    restart_below: float = 0.1
    """Share of an even use below which a code is dead and restarted; 0 restarts none."""


@dataclass(frozen=True)
class Activation:
    """The option of networks that may have any activation."""

    activation: Literal["silu", "gelu", "elu", "relu", "tanh"] = "silu"
    """Between layers."""


@dataclass(frozen=True)
class FlowPrior:
    """Options of a model whose prior may be a flow."""

    flow_layers: int = 8
    """Of a flow prior."""
    flow_units: tuple[int, ...] = (96,)
    """Widths of the hidden layers of each flow layer's network."""


@dataclass(frozen=True)
class GroupObjective:
    """Options of `zoo.objectives.GroupFreeBits`, of which the recipe makes one."""

    free_bits: tuple[float, ...] = (0.5,)
    """Nats that cost nothing: one number for each group, from the top down, or one for all."""
    anneal_steps: int = 0
    """Steps over which the weight of the KL rises from 0 to 1; 0: it is 1 from the first."""
    anneal_order: Literal["together", "from_top"] = "together"
    """Whether the groups' weights rise together, or one after the other in the same steps."""


SHARES = ("prior_share", "mean_share")
"""What of a batch training decodes from elsewhere: options of the model, not of its objective."""

_BELONGS_TO = {
    "beta": ("elbo", "total_correlation", "importance_weighted"),
    "anneal": ("elbo", "importance_weighted", "free_bits"),
    "free_bits": ("free_bits",),
    "free_bits_together": ("free_bits",),
    "capacity": ("capacity",),
    "draws": ("importance_weighted",),
    "doubly_reparameterized": ("importance_weighted",),
}


def of_objective():
    """Names of the options that make the objective, of every recipe that has any."""
    own = {field.name for cls in (VAE, GroupObjective) for field in dataclasses.fields(cls)}
    not_its = {field.name for field in dataclasses.fields(Model)} | {"posterior", "prior", *SHARES}
    return own - not_its


def of_model(config):
    """{name: value} of the options that a builder of `zoo.catalog` takes, the objective made."""
    shared = {field.name for field in dataclasses.fields(Config)} | of_objective() | {*SHARES}
    chosen = {name: value for name, value in vars(config).items() if name not in shared}
    if isinstance(config, VAE):
        chosen |= {"objective": objective(config), "seed": config.seed}
        chosen |= {name: getattr(config, name) for name in SHARES}
    return chosen


def objective(config):
    """The objective that the options of `VAE` describe; "auto" is the ELBO, unless data says more.

    Raises:
        InputError: if an option was given that the objective does not have.
    """
    from zoo import objectives, schedules

    defaults = {field.name: field.default for field in dataclasses.fields(type(config))}
    chosen = "elbo" if config.objective == "auto" else config.objective
    for name, owners in _BELONGS_TO.items():
        if getattr(config, name) != defaults[name] and chosen not in owners:
            raise InputError(
                f"{name}={getattr(config, name)} is an option of the objective "
                f"{' or '.join(owners)}; the objective is {config.objective}."
            )
    if config.anneal == "none" and config.anneal_steps != defaults["anneal_steps"]:
        raise InputError(
            f"anneal_steps={config.anneal_steps}: beta does not rise unless anneal is linear or "
            "cyclical."
        )

    def rising(top):
        if config.anneal == "linear":
            return schedules.Linear(0.0, top, config.anneal_steps)
        return schedules.Cyclical(config.anneal_steps, top=top) if config.anneal != "none" else top

    beta = rising(config.beta)
    make = {
        "elbo": lambda: objectives.ELBO(beta),
        "free_bits": lambda: objectives.FreeBits(
            rising(config.free_bits), config.free_bits_together
        ),
        "capacity": lambda: objectives.Capacity(config.capacity),
        "total_correlation": lambda: objectives.TotalCorrelation(config.beta),
        "importance_weighted": lambda: objectives.ImportanceWeighted(
            config.draws, config.doubly_reparameterized, beta
        ),
    }
    return make[chosen]()
