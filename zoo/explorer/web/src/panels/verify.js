/** Replays the test data in this browser, and names what differs. */

import { button, card, make } from "../elements.js";
import { changedFiles, replay } from "../verify.js";

const NAMES = { wasm: "WebAssembly", webgpu: "WebGPU" };

export class VerifyPanel {
  constructor({ artifact, tolerances, runtimes }) {
    Object.assign(this, { artifact, tolerances, runtimes });
    this.start = button("Verify", () => this.run(), { id: "verify", class: "primary" });
    this.verdict = make("p", { id: "verdict", class: "verdict", role: "status" });
    this.body = make("tbody");
    const heads = ["Graph", "Runtime", "Nearest to its tolerance", "Result"];
    this.table = make(
      "table",
      { class: "findings", hidden: true },
      make("caption", { class: "unseen" }, "What was compared"),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      this.body,
    );
    this.element = card(
      "proof",
      "Does it answer as the trained model did, here?",
      "Every graph is asked the artifact's test data in this browser, at the batch sizes of its proof; the answers are compared with the trained model's, with the contract's tolerances.",
      make("div", { class: "buttons" }, this.start, this.verdict),
      make("div", { class: "scrolled" }, this.table),
    );
  }

  async run() {
    this.start.disabled = true;
    this.body.replaceChildren();
    this.table.hidden = false;
    this.say("running", "Replaying …");
    try {
      const differing = await this.problems();
      const where = this.ran.map((name) => NAMES[name]).join(" and ");
      if (differing.length) this.say("red", `Differs: ${differing.join(", ")}.`);
      else this.say("green", `Every graph answers as the trained model did, on ${where}.`);
    } catch (error) {
      this.say("red", `It could not be tried: ${error.message}.`);
    }
    this.start.disabled = false;
  }

  async problems() {
    const differing = [];
    const changed = await changedFiles(this.artifact);
    for (const name of changed ?? []) {
      differing.push(name);
      this.add(name, "", "is not the file that was exported", false);
    }
    this.ran = [];
    for (const provider of ["wasm", ...((await webgpu()) ? ["webgpu"] : [])]) {
      this.ran.push(provider);
      differing.push(...(await this.replayed(provider)));
    }
    return differing;
  }

  /** Names of the graphs that differ on a provider. */
  async replayed(provider) {
    const differing = [];
    const found = replay(this.artifact, this.tolerances, provider, this.runtimes[provider]);
    const rows = new Map();
    for await (const finding of found) {
      const known = rows.get(finding.endpoint) ?? [];
      rows.set(finding.endpoint, [...known, finding]);
      this.say("running", `Replaying ${finding.endpoint} on ${NAMES[provider]} …`);
    }
    for (const [endpoint, findings] of rows) {
      const bad = findings.filter(({ ok }) => !ok);
      const graph = `${endpoint} on ${NAMES[provider]}`;
      if (bad.length) differing.push(graph);
      this.add(endpoint, NAMES[provider], inWords(bad.length ? bad : findings), !bad.length);
    }
    return differing;
  }

  add(name, runtime, words, ok) {
    const cells = [
      make("td", {}, runtime),
      make("td", { "data-runtime": runtime }, words),
      make("td", {}, ok ? "equal" : "differs"),
    ];
    this.body.append(make("tr", { class: ok ? "ok" : "bad" }, make("th", { scope: "row" }, name), ...cells));
  }

  say(state, text) {
    this.verdict.dataset.state = state;
    this.verdict.textContent = text;
  }
}

function inWords(findings) {
  const [problem] = findings.filter((each) => each.problem);
  if (problem) return problem.problem;
  const share = ({ error, tolerance }) => (error === 0 ? 0 : error / tolerance);
  const nearest = findings.reduce((a, b) => (share(b) > share(a) || Number.isNaN(b.error) ? b : a));
  const { output, batch, error, tolerance } = nearest;
  const allowed = tolerance === 0 ? "none" : tolerance.toExponential(0);
  return `${output} at batch ${batch}: ${error === 0 ? "0" : error.toExponential(1)}, allowed ${allowed}`;
}

/** Whether this browser has a GPU to compute on. */
async function webgpu() {
  if (!navigator.gpu) return false;
  return Boolean(await navigator.gpu.requestAdapter().catch(() => null));
}
