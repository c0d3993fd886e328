/* A plane with axes. */

/** Axes around points [x, y]; x may be logarithmic. */
function plane(name, xName, points, log) {
  const [w, h, left, right, top, bottom] = [640, 240, 60, 20, 24, 40];
  const to = log ? (x) => Math.log(Math.max(x, 1e-9)) : Number;
  const ends = (values) => {
    const [a, b] = [Math.min(...values), Math.max(...values)];
    const room = (b - a) * 0.06 || Math.abs(b) * 0.05 || 0.5;
    return [a - room, b + room];
  };
  const [[x0, x1], [y0, y1]] = [ends(points.map(([x]) => to(x))), ends(points.map(([, y]) => y))];
  const px = (x) => left + ((to(x) - x0) / (x1 - x0)) * (w - left - right);
  const py = (y) => h - bottom - ((y - y0) / (y1 - y0)) * (h - top - bottom);
  const text = (x, y, words, anchor) => svg("text", { x, y, "text-anchor": anchor, fill: "currentColor" }, words);
  const picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, class: "wb-wide", role: "img", "aria-label": `${name} against ${xName}` }, text(4, 14, name, "start"), text(w - right, h - 4, xName, "end"));
  for (const values of points.length ? [0, 1] : []) {
    const every = points.map((point) => point[values]);
    for (const at of [Math.min(...every), Math.max(...every)]) {
      if (!values) picture.append(text(px(at), h - bottom + 16, brief(at), "middle"));
      else picture.append(svg("line", { x1: left, x2: w - right, y1: py(at), y2: py(at), class: "wb-grid" }), text(left - 6, py(at) + 4, brief(at), "end"));
    }
  }
  return { picture, px, py, text };
}
