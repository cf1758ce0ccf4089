/** How examples of an artifact are shown: one view a kind of data.
 *
 * A view has `make(label)`, an empty element, and `draw(element, arrays, row)`, which shows a row of
 * an endpoint's answers, or of its inputs, in it; `small` says whether a dozen fit beside one
 * another, `tiled` whether they are still seen at the size of a thumb nail.
 */

import { LineView, StrokeView } from "./lines.js";
import { PictureView } from "./pictures.js";
import { StringView } from "./strings.js";
import { TableView } from "./tables.js";

export function viewOf(artifact, inputs) {
  const { schema } = artifact;
  if (schema.kind === "image") return new PictureView(schema, inputs);
  if (schema.kind === "table") return new TableView(schema);
  if (schema.kind === "tokens") return new StringView(schema, artifact.runtimes.rdkit);
  if (`${schema.features}` === "dx,dy,pen") return new StrokeView();
  return new LineView(schema);
}
