"""One seed gives one image, one string, in JavaScript too: `generate.onnx` in onnxruntime-node."""

import json
import shutil
import subprocess

import numpy as np
import pytest

import zoo

SEEDS = [7, 7, 8, -1, 2**63 - 1]

GENERATE = """
const runtime = require("onnxruntime-node");

async function main() {
  const [path, ...seeds] = process.argv.slice(2);
  const session = await runtime.InferenceSession.create(path);
  const values = BigInt64Array.from(seeds.map(BigInt));
  const answer = await session.run({ seed: new runtime.Tensor("int64", values, [seeds.length]) });
  const written = {};
  for (const [name, tensor] of Object.entries(answer)) {
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    written[name] = {
      dtype: tensor.type, shape: tensor.dims, base16: Buffer.from(bytes).toString("hex"),
    };
  }
  console.log(JSON.stringify(written));
}

main().catch((error) => { console.error(error); process.exit(1); });
"""

STRINGS = """
const fs = require("fs");
const runtime = require("onnxruntime-node");

async function main() {
  const [folder, ...seeds] = process.argv.slice(2);
  const { tokens } = JSON.parse(fs.readFileSync(`${folder}/manifest.json`)).schema;
  const session = await runtime.InferenceSession.create(`${folder}/onnx/generate.onnx`);
  const values = BigInt64Array.from(seeds.map(BigInt));
  const answer = await session.run({ seed: new runtime.Tensor("int64", values, [seeds.length]) });
  const [rows, steps] = answer.tokens.dims;
  const strings = [];
  for (let row = 0; row < rows; row++) {
    const numbers = [...answer.tokens.data.subarray(row * steps, (row + 1) * steps)];
    const end = numbers.indexOf(tokens.length - 1); // the last token, which is empty
    strings.push(numbers.slice(0, end).map((number) => tokens[number]).join(""));
  }
  console.log(JSON.stringify(strings));
}

main().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory):
    """A folder in which Node.js finds onnxruntime-node, installed from npm's registry."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            pytest.skip(f"no {command} on this machine")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}')
    (folder / "generate.js").write_text(GENERATE)
    (folder / "strings.js").write_text(STRINGS)
    # Its install script only fetches GPU libraries; the CPU's come with the package.
    install = "npm install --ignore-scripts --no-audit --no-fund --fetch-retries=0 onnxruntime-node"
    try:
        done = subprocess.run(
            install.split(), cwd=folder, capture_output=True, text=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install onnxruntime-node within 120 s")
    if done.returncode:
        pytest.skip(f"npm could not install onnxruntime-node: {done.stderr.strip()[-300:]}")
    return folder


def run(node_folder, script, path, seeds):
    """What a script of the folder prints last, from JSON."""
    done = subprocess.run(
        ["node", script, str(path), *map(str, seeds)],
        cwd=node_folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def in_node(node_folder, artifact):
    """A function: seeds -> {output: array}, answered by the artifact's graph in Node.js."""

    def generate(seeds):
        said = run(node_folder, "generate.js", artifact / "onnx" / "generate.onnx", seeds)
        return {
            name: np.frombuffer(bytes.fromhex(value["base16"]), value["dtype"]).reshape(
                value["shape"]
            )
            for name, value in said.items()
        }

    return generate


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [SEEDS[:1], SEEDS[:3], SEEDS], ids=["one", "three", "borders"])
def test_a_seed_gives_in_javascript_what_it_gives_in_python(in_node, artifact, trained, seeds):
    there, here = in_node(seeds), zoo.load(artifact).generate(seeds)
    wanted = np.asarray(zoo.noise.normal(seeds, (trained.model.latent,)))
    np.testing.assert_array_equal(here.z.view(np.uint32), wanted.view(np.uint32))
    assert there.keys() == {"x_mean", "z"} and there["z"].dtype == np.float32
    np.testing.assert_array_equal(there["z"].view(np.uint32), here.z.view(np.uint32))  # the bits
    assert there["x_mean"].shape == (len(seeds), 8, 8, 1)
    np.testing.assert_allclose(there["x_mean"], here.x_mean, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_in_javascript_equal_seeds_give_equal_images_and_others_do_not(in_node):
    images = in_node(SEEDS)["x_mean"]
    np.testing.assert_array_equal(images[0], images[1])
    assert all(np.abs(images[0] - other).max() > 1e-3 for other in images[2:])


@pytest.mark.slow
def test_a_seed_gives_in_javascript_the_string_that_it_gives_in_python(node_folder, of_molecules):
    """Of seeds 7 and others; tokens are joined by the manifest's vocabulary."""
    wanted = zoo.load(of_molecules).generate(SEEDS).strings
    assert run(node_folder, "strings.js", of_molecules, SEEDS) == wanted
    assert run(node_folder, "strings.js", of_molecules, [7]) == wanted[:1]
    assert len({*wanted}) > 1 and all(wanted)
