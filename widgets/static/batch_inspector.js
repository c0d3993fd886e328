/* BatchInspector: step through batches; tables by type and hop, bars of labels and ages. */

export default widget("batch", (root, send) => {
  const choose = () => send({ kind: "choose", split: split.value, epoch: Math.max(0, epoch.valueAsNumber || 0) });
  const split = make("select", { "aria-label": "split", onchange: choose });
  const epoch = make("input", { type: "number", min: 0, step: 1, "aria-label": "epoch", onchange: choose });
  const epochLabel = make("label", {}, "epoch ", epoch);
  let [at, last] = [0, 0];
  const go = (index) => index >= 0 && index <= last && send({ kind: "go", index });
  const before = button("\u25c2", () => go(at - 1), { "aria-label": "batch before" });
  const after = button("\u25b8", () => go(at + 1), { "aria-label": "next batch" });
  const slider = make("input", { type: "range", min: 0, step: 1, "aria-label": "batch", onchange: () => go(slider.valueAsNumber) });
  const place = make("span");
  const summary = make("div", { class: "wb-title", role: "status", "aria-live": "polite" });
  const caption = div("wb-caption");
  const [nodes, edges] = [make("table"), make("table")];
  const bars = div("wb-columns");
  root.append(bar(split, epochLabel, before, slider, after, place), summary, caption, div("wb-scroll", nodes), div("wb-scroll", edges), bars);

  const size = (bytes) => (bytes >= 1e6 ? `${number(bytes / 1e6)} MB` : `${number(bytes / 1e3)} kB`);
  const total = (hops) => hops.reduce((a, b) => a + b, 0);

  function fill(table, title, rows, first, extra) {
    const hops = Math.max(1, ...rows.map((row) => row.hops.length));
    const names = Array.from({ length: hops }, (_, i) => `hop ${i + first}`);
    const cells = (row) => [...names.map((_, i) => number(row.hops[i] || 0)), number(total(row.hops)), ...extra.map(([, value]) => value(row))];
    table.replaceChildren(
      head([title, ...names, "in all", ...extra.map(([name]) => name)]),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, make("th", { scope: "row" }, bdi(row.name)), ...cells(row).map((value) => make("td", {}, value))))),
    );
  }

  function chart(title, pairs) {
    const top = Math.max(1, ...pairs.map(([, n]) => n));
    const all = pairs.reduce((a, [, n]) => a + n, 0);
    const lines = pairs.map(([name, n]) => make("li", {}, make("bdi", { class: "wb-bar-name", title: name }, clip(name, 60)), make("span", { class: "wb-bar-fill", style: `width:${(100 * n) / top}%` }), make("span", {}, `${number(n)} (${Math.round((100 * n) / all)}%)`)));
    return div(null, title, pairs.length ? make("ul", { class: "wb-legend wb-bars" }, ...lines) : div("wb-caption", "not known"));
  }

  function update({ meta: m }) {
    [at, last] = [m.index, m.batches - 1];
    if (!split.length) split.append(...options(m.splits));
    split.value = m.split;
    epoch.value = m.epoch;
    epochLabel.hidden = m.split !== "train";
    slider.max = last;
    slider.value = at;
    [before.disabled, after.disabled] = [at <= 0, at >= last];
    place.textContent = `batch ${number(at)} of 0 to ${number(last)}`;
    summary.textContent = m.summary;
    const stages = Object.entries(m.seconds).map(([name, s]) => `${name} ${number(s * 1000)} ms`);
    caption.textContent = [m.anchors, `features ${size(m.bytes)}, arrays ${size(m.array_bytes)}`, ...stages].join(" \u00b7 ");
    fill(nodes, "nodes", [...m.nodes, ...m.histories], 0, [
      ["duplicates", (row) => `${Math.round(100 * (1 - row.distinct / Math.max(total(row.hops), 1)))}%`],
      ["rows read", (row) => number(row.rows)],
      ["features", (row) => size(row.bytes)],
    ]);
    fill(edges, "edges", m.edges, 1, m.edges.some((row) => row.bytes) ? [["features", (row) => size(row.bytes)]] : []);
    bars.replaceChildren(chart("labels of the seeds", m.labels), chart("age of the seeds' rows at their anchors", m.ages));
    root.dataset.index = at;
    root.dataset.split = m.split;
  }
  return { update };
});
