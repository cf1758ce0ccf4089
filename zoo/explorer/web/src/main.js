/** The explorer: an artifact's graphs, run in the browser. */

import "./style.css";
import { Artifact } from "./artifact.js";
import { labelled, make } from "./elements.js";
import { Latents } from "./latents.js";
import { Histogram } from "./panels/histogram.js";
import { OwnExamplePanel } from "./panels/own_example.js";
import { OwnPicturePanel } from "./panels/own_picture.js";
import { OwnRowPanel } from "./panels/own_row.js";
import { OwnStringPanel } from "./panels/own_string.js";
import { PathPanel } from "./panels/path.js";
import { PlanePanel } from "./panels/plane.js";
import { SeedPanel } from "./panels/seeds.js";
import { SliderPanel } from "./panels/sliders.js";
import { Trial } from "./panels/trial.js";
import { VerifyPanel } from "./panels/verify.js";
import { Samples } from "./samples.js";
import { viewOf } from "./views/view.js";

const page = document.querySelector("main");
const status = document.querySelector("#status");

async function main() {
  const explorer = await (await fetch("explorer.json")).json();
  const wanted = new URLSearchParams(location.search).get("model");
  const entry = explorer.artifacts.find(({ name }) => name === wanted) ?? explorer.artifacts[0];
  showTitle(explorer, entry);
  if (explorer.docs) linkTo(explorer.docs);
  const runtimes = absolute(explorer.runtimes);
  const artifact = await Artifact.load(new URL(entry.address, location.href), runtimes);
  artifact.runtimes = runtimes;
  describe(artifact);
  await explore(artifact, { tolerances: explorer.tolerances, runtimes });
  if (explorer.offline) keepOffline().catch(() => {}); // offline now, or a browser that keeps nothing
}

async function explore(artifact, rest) {
  const samples = new Samples(artifact);
  if (samples.drawn) artifact.ready("generate").catch(() => {}); // told where it is awaited
  const view = viewOf(artifact, await artifact.testInputs());
  if (!samples.drawn) samples.latents = await Latents.of(artifact);
  const context = { artifact, view, samples, ...rest };
  let walk = () => {};
  const seeds = new SeedPanel(context, (answer) => walk(answer));
  page.append(seeds.element);
  await seeds.changed(); // the first picture, before all that takes longer
  status.hidden = true;
  const latents = samples.latents ?? (await Latents.of(artifact));
  Object.assign(context, { latents });
  samples.latents = latents;
  const [sliders, plane, path] = [SliderPanel, PlanePanel, PathPanel].map((Panel) => new Panel(context));
  page.append(sliders.element, plane.element, path.element);
  walk = (answer) => {
    const z = latents.of(answer, 0);
    sliders.start(z);
    plane.start(z);
  };
  walk(seeds.answer);
  const own = await ownPanel(context);
  page.append(own.element, new VerifyPanel(context).element);
  if (artifact.conditional) addLabels(artifact, [seeds.ask, path.redo, () => own.trial.again()]);
  await path.redo();
  await own.next();
  document.body.dataset.ready = "true";
}

async function ownPanel(context) {
  const { artifact, view } = context;
  const { given } = await artifact.testData("reconstruct");
  const histogram = artifact.has("score") ? await Histogram.of(artifact) : null;
  const panels = { image: OwnPicturePanel, table: OwnRowPanel, tokens: OwnStringPanel };
  const Panel = panels[artifact.schema.kind] ?? OwnExamplePanel;
  return new Panel(context, new Trial(context, histogram), given);
}

/** A choice of the label that a conditional model is given, for the whole page. */
function addLabels(artifact, refresh) {
  const { classes } = artifact.schema;
  const count = artifact.manifest.conditions.label;
  const select = make("select", {
    id: "label",
    change: () => {
      artifact.label = Number(select.value);
      for (const each of refresh) each();
    },
  });
  for (let label = 0; label < count; label += 1) {
    select.append(make("option", { value: String(label) }, classes[label] ?? String(label)));
  }
  document.querySelector("#choices").append(labelled("Label", select));
}

function showTitle(explorer, entry) {
  document.title = `${entry.name} · explorer`;
  document.querySelector("h1").textContent = entry.name;
  if (explorer.artifacts.length < 2) return;
  const select = make("select", {
    id: "model",
    change: () => {
      location.search = `?model=${encodeURIComponent(select.value)}`;
    },
  });
  for (const { name } of explorer.artifacts) select.append(make("option", { value: name }, name));
  select.value = entry.name;
  document.querySelector("#choices").append(labelled("Model", select));
}

function describe({ manifest }) {
  const { latent, metrics = {}, data = {} } = manifest;
  const facts = [`${manifest.parameters?.toLocaleString("en")} parameters`, `${latent.size} latents`];
  if (data.name) facts.push(`trained on ${data.name}`);
  if (Number.isFinite(metrics.nll)) facts.push(`${metrics.nll.toFixed(2)} nats`);
  document.querySelector("#facts").textContent = facts.join(" · ");
}

function absolute(addresses) {
  return Object.fromEntries(
    Object.entries(addresses).map(([name, address]) => [name, new URL(address, location.href).href]),
  );
}

function linkTo(docs) {
  const link = make("a", { href: docs }, "this server's API");
  document.querySelector("footer p").append(" Programs ask ", link, ".");
}

/** Keeps the page; what was kept of an older one is looked at again, for browsers do so at leisure. */
async function keepOffline() {
  const kept = await navigator.serviceWorker?.register("service-worker.js");
  await kept?.update();
}

main().catch((error) => {
  console.error(error);
  status.hidden = false;
  status.className = "error";
  status.textContent = `The explorer cannot show this: ${error.message}.`;
});
