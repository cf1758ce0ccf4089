/** Draws molecules by RDKit. */

import initRDKitModule from "@rdkit/rdkit";
import { gunzipped } from "./gunzip.js";

const OPTIONS = JSON.stringify({
  width: 220,
  height: 150,
  clearBackground: false,
  backgroundColour: [1, 1, 1, 0],
  bondLineWidth: 1.4,
});

let started = null;

self.onmessage = async ({ data: { address, smiles }, ports }) => {
  if (address) {
    started = start(address);
    started.catch((error) => console.error(error));
    return;
  }
  ports[0].postMessage(await drawn(smiles).catch(() => null));
};

/** RDKit's own loader takes an address of plain WebAssembly, and no bytes. */
async function start(address) {
  const bytes = await gunzipped(address);
  const plain = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  return initRDKitModule({ locateFile: () => plain });
}

async function drawn(smiles) {
  const rdkit = await started;
  const molecule = smiles ? rdkit.get_mol(smiles) : null;
  if (!molecule) return null;
  try {
    const svg = molecule.get_svg_with_highlights(OPTIONS);
    return svg.slice(svg.indexOf("<svg"));
  } finally {
    molecule.delete();
  }
}
