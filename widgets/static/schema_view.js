/* SchemaView: the drawing and the card of the type under the pointer. */

export default widget("schema", (root) => {
  const hint = "Point at a table, or use Tab. Arrows show where a step of sampling goes; \u00d73 means that it finds 3 rows on average.";
  const drawing = schemaDrawing(root, hint);
  root.append(drawing.holder, drawing.card);
  return { update: ({ meta }) => drawing.draw(meta), redraw: drawing.settle };
});
