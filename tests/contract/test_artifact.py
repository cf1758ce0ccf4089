"""What holds for the artifact of every model of the catalog."""

import re

import numpy as np
import onnxruntime
import pytest
from serve.running import Running

import zoo
from contract.cases import asked, inputs
from zoo import command_line, noise
from zoo.artifact.manifest import metric_in_words
from zoo.deploy import requests
from zoo.errors import InputError
from zoo.export.signatures import Signatures

pytestmark = pytest.mark.slow


@pytest.fixture
def runtimes(published):
    """{runtime: (endpoint, arrays) -> {output: array}}."""
    app, model = zoo.load(published.folder), published.model
    saved = Signatures(published.folder / "saved_model" / "1")

    def keras_run(endpoint, arrays):
        names = [tensor.name for tensor in app.endpoints[endpoint].inputs]
        answer = model.ask(endpoint, dict(zip(names, arrays, strict=True)))
        return {key: np.asarray(value) for key, value in answer.items()}

    def saved_model_run(endpoint, arrays):
        names = [tensor.name for tensor in app.endpoints[endpoint].inputs]
        return saved.run(endpoint, dict(zip(names, arrays, strict=True)))

    return {
        "keras": keras_run,
        "saved_model": saved_model_run,
        "onnx": lambda endpoint, arrays: getattr(app, endpoint)(*arrays)._asdict(),
    }


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_a_server_gives_what_zoo_load_gives(published, served, name, data, binary):
    triton = pytest.importorskip("tritonclient.http")
    app = zoo.load(published.folder, threads=1)
    with triton.InferenceServerClient(served.host) as client:
        for key, endpoint in app.endpoints.items():
            arrays = asked(name, data, 5, key, endpoint_latent(app))
            wanted = getattr(app, key)(*arrays)._asdict()
            given = []
            for tensor, array in zip(endpoint.inputs, arrays, strict=True):
                array = np.asarray(array, tensor.dtype)
                array = array if array.ndim > 1 else array[:, None]
                one = triton.InferInput(tensor.name, list(array.shape), requests.datatype(tensor))
                given.append(one.set_data_from_numpy(np.ascontiguousarray(array), binary))
            outputs = [triton.InferRequestedOutput(each, binary) for each in wanted]
            answer = client.infer(f"served-{key}", given, outputs=outputs)
            for output, value in wanted.items():
                found = answer.as_numpy(output)
                assert found.dtype == value.dtype
                np.testing.assert_array_equal(found.reshape(value.shape), value, f"{key} {output}")


def test_a_server_takes_and_gives_words(published, served):
    app = zoo.load(published.folder, threads=1)
    if "generate" not in app.endpoints or "library" in [
        t.name for t in app.endpoints["generate"].inputs
    ]:
        pytest.skip("it draws nothing by a seed alone")
    label = {"label": app.schema.classes[0]} if app.schema.classes else {}
    label = label if "label" in [t.name for t in app.endpoints["generate"].inputs] else {}
    drawn = app.generate([1, 2, 3], **label)
    status, answer = served.post("/v1/served/generate", {"seed": [1, 2, 3]} | label)
    assert status == 200, answer
    _same(answer, drawn)
    if app.schema.columns:
        given, scored = {"table": answer["table"]}, app.score(drawn.table)
    elif app.schema.tokens:
        given, scored = {"strings": answer["strings"]}, app.score(drawn.strings)
    else:
        x = next(iter(drawn._asdict().values()))
        given, scored = {"x": x.tolist()} | label, app.score(x, **label)
    status, answer = served.post("/v1/served/score", given)
    assert status == 200, answer
    _same(answer, scored)


def _same(answer, wanted):
    """That JSON holds what `zoo.load` gave."""
    for name, value in wanted._asdict().items():
        found = np.array(answer[name], np.float64 if value.dtype.kind == "f" else value.dtype)
        np.testing.assert_array_equal(found.astype(value.dtype), value, name)


def endpoint_latent(app):
    """Values of z that `decode` takes."""
    return app.endpoints["decode"].inputs[0].shape[-1]


@pytest.fixture(scope="session")
def served(published, tmp_path_factory):
    """`zoo serve` of the artifact, by the name `served`."""
    log = tmp_path_factory.mktemp("served") / "log"
    running = Running(log, f"served={published.folder}", "--threads", "1")
    yield running
    assert running.end() == 0
    assert not running.events("error")


def test_every_output_was_proven_in_every_format_and_batch(published, case, data):
    rows = published.manifest["comparisons"]
    proven = {(r["runtime"], r["endpoint"], r["output"], r["batch"]) for r in rows if r["ok"]}
    assert proven >= {
        (runtime, endpoint, output, batch)
        for endpoint, (_, outputs) in case.endpoints(data.event_shape).items()
        for output, _, _ in outputs
        for runtime in ("keras", "saved_model", "onnx")
        for batch in (1, 3, 64)
    }
    assert all(row["ok"] for row in rows)


def sound(published, endpoint, arrays, answer):
    """Rows of an answer that no runtime's rounding turns: bool [rows]; see `LatentModel.margin`."""
    names = [tensor.name for tensor in zoo.load(published.folder).endpoints[endpoint].inputs]
    given = dict(zip(names, map(np.asarray, arrays), strict=True))
    margin = published.model.margin(published.model.joined(given), answer)
    rows = np.ones(len(arrays[0]), bool) if margin is None else np.asarray(margin) > 1e-5
    assert rows.mean() > 0.7  # of five rows one may lie near a turn by chance
    return rows


def test_every_format_answers_alike_to_what_the_proof_did_not_ask(
    runtimes, published, name, case, data
):
    for endpoint, (_, outputs) in case.endpoints(data.event_shape).items():
        arrays = asked(name, data, 5, endpoint, case.default)
        answers = {runtime: run(endpoint, arrays) for runtime, run in runtimes.items()}
        rows = sound(published, endpoint, arrays, answers["keras"])
        for output, _, _ in outputs:
            for runtime, answer in answers.items():
                np.testing.assert_allclose(
                    answer[output][rows],
                    answers["keras"][output][rows],
                    rtol=1e-4,
                    atol=1e-5,
                    err_msg=f"{runtime} {endpoint} {output}",
                )


def test_one_seed_gives_one_sample_in_any_batch_and_runtime(runtimes, published, name, case, data):
    if not case.generates:
        assert not published.model.generates
        assert not (published.folder / "onnx" / "generate.onnx").exists()
        return
    _, *conditions = inputs(name, data, 64, "generate")
    conditions = [np.resize(values[:1], 64) for values in conditions]
    seeds = np.random.default_rng(0).integers(-(2**63), 2**63, 64)
    seeds[[0, 5, 63]] = [7, 7, 8]
    alone = np.array([7, 7, 8])
    first = case.endpoints(data.event_shape)["generate"][1][0][0]  # such as x_mean
    units = 0.0 if first == "x_mean" else 1e-5  # numbers of a table are as large as they like
    answer, z = runtimes["keras"]("generate", [seeds, *conditions]), "codes" if case.codes else "z"
    bits, rows = answer[z], sound(published, "generate", [seeds, *conditions], answer)
    assert rows[[0, 5, 63]].all()
    for runtime, run in runtimes.items():
        together = run("generate", [seeds, *conditions])
        few = run("generate", [alone, *(values[:3] for values in conditions)])
        near = 0.0 if case.exact_bits else 1e-6  # 0: bit for bit
        turned = np.abs(together[z] - bits).max(axis=1) > near
        assert not turned[rows].any(), runtime
        np.testing.assert_allclose(few[z], bits[[0, 5, 63]], rtol=0, atol=near, err_msg=runtime)
        assert np.abs(few[first][0] - few[first][2]).max() > 1e-4
        # What is computed is not equal to the bit: a kernel rounds by a row's place in the batch.
        np.testing.assert_allclose(
            few[first][0], few[first][1], rtol=units, atol=1e-6, err_msg=runtime
        )
        np.testing.assert_allclose(
            few[first], together[first][[0, 5, 63]], rtol=units, atol=1e-5, err_msg=runtime
        )


def test_the_likeliest_steps_one_by_one_are_what_decode_answers(runtimes, published, name, case):
    vae = zoo.load(published.folder)
    if not case.step:
        assert not published.model.decodes_steps and "decode_step" not in vae.endpoints
        return
    z = np.random.default_rng(1).normal(size=(40, case.default)).astype(np.float32)
    count, width = case.step
    for runtime, run in runtimes.items():
        wanted = run("decode", [z])["tokens_mode"]
        token, state = np.full(40, -1, np.int32), np.zeros((40, width), np.float32)
        going, steps = np.ones(40, bool), wanted.shape[1]
        for step in range(steps):
            answer = run("decode_step", [token, state, z])
            state, ended = answer["next_state"], step == steps - 1
            token = np.full(40, count - 1) if ended else answer["logits"].argmax(axis=1)
            token = np.int32(token)
            np.testing.assert_array_equal(token[going], wanted[going, step], err_msg=runtime)
            going &= token != count - 1


def test_a_step_after_a_token_there_is_none_of_is_refused_and_nan_in_a_bare_graph(
    runtimes, published, case
):
    if not case.step:
        pytest.skip("it has no decode_step")
    count, width = case.step
    token = np.array([0, -1, count - 1, -2, count], np.int32)
    state, z = np.zeros((5, width), np.float32), np.zeros((5, case.default), np.float32)
    bare = onnxruntime.InferenceSession(str(published.folder / "onnx" / "decode_step.onnx"))
    answers = [
        dict(zip(("logits", "next_state"), bare.run(None, given), strict=True))
        for given in [{"token": token, "state": state, "z": z}]
    ]
    answers += [
        runtimes[each]("decode_step", [token, state, z]) for each in ("keras", "saved_model")
    ]
    for answer in answers:
        for value in answer.values():
            assert np.isfinite(value).all(axis=1).tolist() == [True, True, True, False, False]
    with pytest.raises(InputError, match=f"given -2, wanted .* 0 to {count - 1}, or -1 where"):
        zoo.load(published.folder).decode_step(token, state, z)


def test_scores_are_deterministic_and_are_the_terms(runtimes, published, name, case, data):
    arrays = asked(name, data, 40)
    model = published.model
    for runtime, run in runtimes.items():
        score, again = run("score", arrays), run("score", arrays)
        alone = run("score", [values[17:18] for values in arrays])
        for key in case.nats:
            np.testing.assert_array_equal(score[key], again[key], err_msg=runtime)
            np.testing.assert_allclose(alone[key], score[key][17:18], rtol=1e-4, atol=1e-4)
        if "elbo" not in case.nats:
            continue
        np.testing.assert_allclose(
            score["elbo"], -(score["reconstruction"] + score["kl"]), rtol=1e-6
        )
        if case.codes:  # no draws to average: see tests/test_vq_vae.py
            continue
        x, *conditions = inputs(name, data, 40)
        kinds = model.latents.noise_kinds()
        drawn = np.asarray(noise.draw(kinds, np.arange(model.score_samples)))
        terms = model.terms(x, np.repeat(drawn[None], len(x), axis=0), *conditions)
        for key, value in terms.items():
            np.testing.assert_allclose(score[key], value, rtol=1e-4, atol=1e-4, err_msg=runtime)


def test_the_command_line_verifies_and_describes_it(published, capsys):
    assert command_line.main(["verify", str(published.folder), "--runtime", "all"]) == 0
    assert command_line.main(["info", str(published.folder)]) == 0
    said = capsys.readouterr().out
    assert published.folder.name in said and published.manifest["protocol"]["statement"] in said


ALONE = "import sys; from zoo import command_line; sys.exit(command_line.main(sys.argv[1:]))"


def test_it_verifies_with_numpy_and_onnxruntime_alone(published, app_python):
    said = app_python.run(ALONE, "verify", published.folder).stdout
    assert "onnx" in said and published.folder.name in said


def test_the_card_shows_the_figures_and_inputs_that_there_are(published, case):
    card = (published.folder / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(figures/([^)]+)\)", card)
    assert sorted(shown) == sorted(path.name for path in published.folder.glob("figures/*"))
    assert (
        bool({"samples.png", "columns.png"} & {*shown})
        == ("`generate`" in card.split("There is no")[0])
        == (case.generates)
    )
    for condition in case.conditions:
        assert f"`{condition}` int32 [batch]" in card
    assert "None" not in card
    for metric, value in published.manifest["metrics"].items():
        assert f"| {metric} | {metric_in_words(metric, value)} |" in card


@pytest.mark.parametrize("heading", ["ONNX Runtime, through", "ONNX Runtime alone", "SavedModel"])
def test_the_cards_code_runs(published, heading, monkeypatch, data):
    card = (published.folder / "README.md").read_text(encoding="utf-8")
    code = re.search(rf"^{heading}.*?```python\n(.*?)```", card, re.DOTALL | re.MULTILINE)[1]
    monkeypatch.chdir(published.folder.parents[1])
    names = {}
    exec(code, names)
    names |= names.get("rows", {})  # of a table, by column
    for given in ("x", "numbers", "tokens"):  # of a table all are missing
        names.pop(given, None)
    answers = (np.float32, np.int32)
    found = [value for value in names.values() if getattr(value, "dtype", None) in answers]
    assert found and all(np.isfinite(np.asarray(each)).all() for each in found)


def test_a_missing_value_is_taken_where_the_contract_says_so_and_nowhere_else(
    published, name, data
):
    vae, (x, *others) = zoo.load(published.folder), asked(name, data, 3)
    if x.dtype.kind == "i":
        pytest.skip("whole numbers have no NaN")
    gap = x.copy()
    gap[1, ..., 0] = np.nan
    if not vae.endpoints["score"].inputs[0].missing:
        with pytest.raises(InputError, match="must be finite"):
            vae.score(gap, *others)
        return
    score = vae.score(gap, *others)
    on_device = vae.score.on_device(vae.to_device(gap), *others)
    for key, value in score._asdict().items():
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(value, getattr(on_device, key).numpy())
    assert score.reconstruction[1] != vae.score(x, *others).reconstruction[1]
    with pytest.raises(InputError, match="must be finite"):
        vae.to_device(np.full_like(gap, np.inf))


def test_inputs_beside_x_are_checked_when_the_artifact_is_called(published, name, case, data):
    vae = zoo.load(published.folder)
    _, *conditions = inputs(name, data, 3)
    given = asked(name, data, 3)
    x = given[: len(given) - len(conditions)]
    with pytest.raises(InputError, match=f"encode takes {vae.endpoints['encode'].inputs[0].name}"):
        vae.encode(*x, *conditions, np.zeros(3, np.int32))
    for place, (condition, count) in enumerate(case.conditions.items()):
        with pytest.raises(InputError, match=f"encode takes x.*{condition}"):
            vae.encode(*x, *conditions[:place])
        for bad in (-1, count):
            wrong = [*conditions]
            wrong[place] = np.array([0, 0, bad], np.int32)
            said = f"given {bad}, wanted are whole numbers from 0 to {count - 1}"
            with pytest.raises(InputError, match=said):
                vae.encode(*x, *wrong)


def test_the_manifest_states_latents_conditions_and_parameters(published, case):
    vae, manifest = zoo.load(published.folder), published.manifest
    assert manifest["conditions"] == case.conditions
    assert manifest["latent"]["size"] == case.default
    assert manifest["parameters"] == sum(
        int(np.prod(w.shape))
        for w in published.model.weights
        if w.name != "step"  # a schedule's counter is learned from nothing
    )
    assert (manifest["protocol"]["K"] is None) == (not case.generates)
    if not case.generates:
        assert not hasattr(vae, "generate") and "prior" not in manifest["latent"]
