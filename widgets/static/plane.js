/* A plane with axes. */

/** Grid, numbers and names around points [x, y]; x may be logarithmic. */
function plane(name, xName, points, log) {
  const [w, h, left, right, top, bottom] = [640, 240, 60, 20, 24, 40];
  const [to, from] = log ? [(x) => Math.log(Math.max(x, 1e-9)), Math.exp] : [Number, Number];
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
  for (const t of points.length ? [0, 0.5, 1] : []) {
    const [x, y] = [from(x0 + t * (x1 - x0)), y0 + t * (y1 - y0)];
    picture.append(svg("line", { x1: left, x2: w - right, y1: py(y), y2: py(y), class: "wb-grid" }), text(left - 6, py(y) + 4, Number(y.toPrecision(3)), "end"), text(px(x), h - bottom + 16, number(x), "middle"));
  }
  return { picture, px, py, text };
}
