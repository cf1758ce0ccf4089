/** Builds the page into ../page: a few small files, and each WebAssembly runtime compressed once. */

import { readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const OUT = fileURLToPath(new URL("../page", import.meta.url));
const require = createRequire(import.meta.url);
const onnxruntime = dirname(require.resolve("onnxruntime-web"));
const RUNTIMES = {
  "onnxruntime.wasm.gz": join(onnxruntime, "ort-wasm-simd-threaded.wasm"),
  "onnxruntime-webgpu.wasm.gz": join(onnxruntime, "ort-wasm-simd-threaded.asyncify.wasm"),
  "rdkit.wasm.gz": join(dirname(require.resolve("@rdkit/rdkit")), "RDKit_minimal.wasm"),
};

/** Static hosts send .wasm as it is: compressed, three runtimes weigh 13 MB in place of 45. */
const compressedRuntimes = {
  name: "compressed-runtimes",
  closeBundle() {
    const assets = join(OUT, "assets");
    for (const name of readdirSync(assets)) {
      if (name.endsWith(".wasm")) rmSync(join(assets, name));
    }
    mkdirSync(join(OUT, "runtime"), { recursive: true });
    for (const [name, path] of Object.entries(RUNTIMES)) {
      writeFileSync(join(OUT, "runtime", name), gzipSync(readFileSync(path), { level: 9 }));
    }
  },
};

export default defineConfig({
  base: "./", // any folder of any host
  build: { outDir: OUT, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  worker: { format: "es" },
  plugins: [compressedRuntimes],
});
