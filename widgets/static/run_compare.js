/* RunCompare: curves of runs over one another, and where their plans differ. */

export default widget("compare", (root, send) => {
  const what = make("select", { "aria-label": "curve", onchange: () => draw() });
  const again = button("Refresh", () => send({ kind: "refresh" }));
  const [chart, table] = [div(), make("table")];
  root.append(bar(make("span", { class: "wb-title" }, "Runs"), what, again), chart, div("wb-scroll", table));
  let m = null;
  function draw() {
    const curves = m.runs.map((run) => run.curves[what.value]);
    const { picture, px, py, text } = plane(what.value, "epoch", curves.flat());
    m.runs.forEach((run, i) => {
      const points = curves[i].map(([x, y]) => [px(x), py(y)]);
      if (!points.length) return;
      const [x, y] = points.at(-1);
      picture.append(svg("polyline", { points: points.join(" "), fill: "none", stroke: run.colour, "stroke-width": i === m.chosen ? 4 : 2 }), svg("circle", { cx: x, cy: y, r: 3, fill: run.colour }), text(x + 6, y + (i % 2 ? 12 : 0), run.name, "start"));
    });
    const best = bars(`best ${m.metric}`, m.runs.map((run) => [run.label, run.best ?? 0]), (i) => send({ kind: "choose", run: i }), m.chosen);
    best.querySelectorAll("rect").forEach((bar, i) => bar.setAttribute("fill", m.runs[i].colour));
    redrawn(chart, picture, best);
  }
  function update({ meta }) {
    m = meta;
    if (!what.length) what.append(...options(m.kinds));
    table.replaceChildren(head(["", ...m.runs.map((run) => run.name)]), body(m.rows));
    draw();
  }
  return { update };
});
