"""An artifact of a tiny model of molecules, for what the runtime does with strings."""

import itertools

import pytest
from publishing import SEED, train

import zoo
from zoo.datasets.strings.loading import of_list

LONGEST = 9  # tokens


def molecules():
    """Some 180 different SMILES of up to `LONGEST` tokens, of two parts each."""
    rings = ["c1ccccc1", "C1CC1", "C1CCC1", "CCO", "CC", "C", "CCN", "C(C)C", "[NH3+]C"]
    chains = ["".join(each) for count in (1, 2) for each in itertools.product("CNOS", repeat=count)]
    ends = ["", "Cl", "Br", "F", *chains]
    strings = {f"{ring}{end}" for ring in rings for end in ends}
    return sorted(each for each in strings if len(each) <= LONGEST)


@pytest.fixture(scope="session")
def of_molecules(tmp_path_factory):
    """The folder of a published `molecule_vae` of two epochs. Read-only."""
    loaded = of_list(molecules(), name="molecules", tokenizer="smiles", test_share=0.4)
    data = zoo.datasets.binarize(loaded, "none", SEED)
    zoo.training.seed_everything(SEED)
    model = zoo.catalog.molecule_vae(
        data.event_shape,
        latent=3,
        units=8,
        encoder_units=5,
        context=4,
        likelihood=zoo.likelihoods.of_schema("tokens", data.schema),
    )
    done = train(model, data, tmp_path_factory.mktemp("molecules"), samples=2, epochs=2)
    folder = tmp_path_factory.mktemp("exports") / "molecule_vae-molecules"
    recipe = {"script": "tests/molecule_vae.py", "config": {}, "seed": SEED}
    done.publish(folder, recipe=recipe, command="python tests/molecule_vae.py")
    return folder
