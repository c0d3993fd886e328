/* MetapathPicker: click through the drawing; every metapath is a line of hops with a number each. */

export default widget("metapaths", (root, send) => {
  const edit = (how, more = {}) => send({ kind: "edit", how, ...more });
  const drawing = schemaDrawing(root, "Click the table where sampling goes next, or use Tab and Enter.", (to) => edit("go", { to }));
  const title = make("span", { class: "wb-title" });
  const back = button("Back one hop", () => edit("back"));
  const undo = button("Undo", () => send({ kind: "undo" }));
  const top = bar(title, button("New metapath", () => edit("select", { path: null })), back, undo, button("Reset", () => send({ kind: "reset" })));
  const next = make("div", { class: "wb-bar wb-next", role: "group", "aria-label": "next step" });
  const table = make("div", { class: "wb-paths", role: "group", "aria-label": "metapaths" });
  const text = make("div", { class: "wb-cost", role: "status" });
  root.append(top, drawing.holder, next, table, text, drawing.card);

  /** Where a step leads and along what: several links, or both directions of one, may lead to the same table. */
  const step = (facts, way) => [" ", bdi(clip(facts.types[way.to].name, 24)), " ", make("small", {}, bdi(clip(way.rel, 24)))];

  function cell(facts, row, path, i) {
    const way = facts.ways[row.chain[i]];
    const input = make("input", { type: "number", min: -1, max: 100000, step: "any", title: row.notes[i], "aria-label": `neighbours at hop ${i + 1} of metapath ${path + 1} along ${way.name}`,
      onchange: () => (Number.isNaN(input.valueAsNumber) ? (input.value = row.cells[i]) : edit("set", { path, hop: i + 1, take: input.valueAsNumber })) });
    input.value = row.cells[i];
    return make("span", { class: "wb-hop", title: way.name }, " \u2192 ", input, ...step(facts, way));
  }

  function line(facts, row, path) {
    const name = `metapath ${path + 1}`;
    const active = path === facts.active;
    return make("div", { class: active ? "wb-path wb-active" : "wb-path" },
      button(`${path + 1}`, () => edit("select", { path }), { "aria-pressed": String(active), "aria-label": `walk on along ${name}` }),
      bdi(clip(facts.types[facts.seed].name, 24)), ...row.chain.map((_, i) => cell(facts, row, path, i)),
      make("label", { title: "the times of its edges are not looked at" }, make("input", { type: "checkbox", checked: row.static, "aria-label": `${name} is static`, onchange: (event) => edit("static", { path, on: event.target.checked }) }), " static"),
      button("\u00d7", () => edit("without", { path }), { "aria-label": `remove ${name}` }));
  }

  /** Rebuilding a part must not take the keyboard away from who edits it. */
  function rebuilt(part, ...children) {
    const label = part.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    part.replaceChildren(...children);
    const again = () => [...part.querySelectorAll("[aria-label]")].find((node) => node.getAttribute("aria-label") === label);
    if (label) (again() || part.querySelector("button"))?.focus();
  }

  function update({ meta }) {
    drawing.draw(meta);
    const walked = meta.paths.flatMap((row) => row.chain);
    const links = (ways) => meta.links.flatMap((link, i) => (link.ways.some((w) => ways.includes(w)) ? [i] : []));
    drawing.mark("wb-walked", [], links(walked));
    drawing.mark("wb-active", [meta.end], links(meta.chain));
    drawing.look(meta.end);
    drawing.mark("wb-open", meta.ways_on.map((w) => meta.ways[w].to), []);
    title.textContent = `Metapaths from ${clip(meta.types[meta.seed].name, 40)}`;
    const from = clip(meta.types[meta.end].name, 24);
    rebuilt(next, make("span", { class: "wb-caption" }, meta.active === null ? `New metapath: next from ${from}` : `Metapath ${meta.active + 1}: next from ${from}`),
      ...meta.ways_on.map((w) => dress(button(meta.ways[w].degree, () => edit("walk", { edge_type: w }), { title: meta.ways[w].name, "aria-label": `step along ${meta.ways[w].name}` }), {}, step(meta, meta.ways[w]))));
    rebuilt(table, ...meta.paths.map((row, path) => line(meta, row, path)));
    back.disabled = meta.active === null;
    undo.disabled = !meta.can_undo;
    text.textContent = meta.text || "Neighbours per node; -1: every visible one, 0.1: a tenth.";
    root.dataset.paths = meta.paths.length;
  }
  return { update, redraw: drawing.settle };
});
