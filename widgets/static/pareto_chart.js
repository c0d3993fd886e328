/* ParetoChart: points of cost and worth; those that no other beats are joined, a click adopts. */

function render({ model, el }) {
  return mount(model, el, "pareto", (root, send) => {
    const cost = make("select", { "aria-label": "cost", onchange: () => send({ kind: "cost", measure: cost.value }) });
    const state = make("span", { role: "status" });
    const chart = make("div");
    root.append(bar(make("span", { class: "wb-title" }, "Candidate fanouts"), cost, state), chart);
    function update({ meta: m }) {
      if (!cost.length) cost.append(...Object.entries(m.costs).map(([value, text]) => make("option", { value }, text)));
      cost.value = m.cost;
      state.textContent = `${m.points.length} of ${m.of} measured`;
      const ends = m.points.flatMap((p) => p.x.filter((x) => x > 0).map((x) => [x, p.y]));
      const { picture, px, py } = plane(m.worth, `${m.costs[m.cost]} (logarithmic)`, ends, true);
      const joined = m.front.map((i) => m.points.find((p) => p.at === i)).sort((a, b) => a.x[0] - b.x[0]);
      picture.append(svg("polyline", { points: joined.map((p) => `${px(p.x[0])},${py(p.y)}`).join(" "), fill: "none", class: "wb-link" }));
      const adopt = (p) => send({ kind: "adopt", candidate: p.at });
      for (const p of m.points) {
        const [x, low, high] = p.x.map((value) => value != null && px(value));
        if (high) picture.append(svg("line", { x1: Math.max(low, 60), x2: high, y1: py(p.y), y2: py(p.y), class: "wb-link" }));
        picture.append(svg("circle", { cx: x, cy: py(p.y), r: p.at === m.adopted ? 9 : 6, class: m.front.includes(p.at) ? "wb-drawn" : "wb-around", onclick: () => adopt(p) }, svg("title", {}, p.label)));
      }
      redrawn(chart, picture, bars(m.worth, m.points.map((p) => [p.label, p.y]), (i) => adopt(m.points[i]), m.points.findIndex((p) => p.at === m.adopted)));
    }
    return { update };
  });
}

export default { render };
