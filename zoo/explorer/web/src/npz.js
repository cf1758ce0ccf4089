/** Reads numpy's .npz: a zip archive of .npy arrays, stored or deflated. */

const ARRAYS = {
  "<f4": ["float32", Float32Array],
  "<i4": ["int32", Int32Array],
  "<i8": ["int64", BigInt64Array],
};
const END_OF_DIRECTORY = 0x06054b50;
const TEXT = new TextDecoder("latin1");

/** {name: {dtype, shape, values}} of the bytes of an .npz. */
export async function readNpz(bytes) {
  const found = {};
  for (const member of directory(bytes)) {
    const content = await inflated(bytes, member);
    found[member.name.replace(/\.npy$/, "")] = readNpy(content);
  }
  return found;
}

/** An array's rows, in the order of their numbers; numbers beyond the end start again. */
export function takeRows(array, rows) {
  const size = rowSize(array);
  const values = new array.values.constructor(rows.length * size);
  rows.forEach((row, at) => {
    values.set(array.values.subarray(row * size, (row + 1) * size), at * size);
  });
  return { dtype: array.dtype, shape: [rows.length, ...array.shape.slice(1)], values };
}

/** One row of an array, without its first axis. */
export function rowOf(array, row) {
  const size = rowSize(array);
  return array.values.subarray(row * size, (row + 1) * size);
}

/** How many values a row has. */
export function rowSize(array) {
  return array.shape.slice(1).reduce((product, size) => product * size, 1);
}

function* directory(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error("it is no zip archive");
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    const start = view.getUint32(at + 42, true);
    const localName = view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    yield {
      name: TEXT.decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      deflated: view.getUint16(at + 10, true) === 8,
      from: start + 30 + localName,
      size: view.getUint32(at + 20, true),
    };
    at += 46 + nameLength + extraLength;
  }
}

async function inflated(bytes, { from, size, deflated }) {
  const content = bytes.slice(from, from + size);
  if (!deflated) return content;
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function readNpy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = 10 + view.getUint16(8, true);
  const header = TEXT.decode(bytes.subarray(10, from));
  const kind = /'descr': '([^']*)'/.exec(header)?.[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!ARRAYS[kind] || shape === undefined) throw new Error(`an array of ${kind} is not read here`);
  const [dtype, Values] = ARRAYS[kind];
  const sizes = shape.split(",").filter((size) => size.trim()).map(Number);
  return { dtype, shape: sizes, values: new Values(bytes.slice(from).buffer) };
}
