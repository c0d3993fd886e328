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

  function cell(facts, row, path, i) {
    const way = facts.ways[row.chain[i]];
    const input = make("input", { type: "number", min: -1, max: 100000, step: "any", title: row.notes[i], "aria-label": `neighbours at hop ${i + 1} of metapath ${path + 1} along ${way.name}`,
      onchange: () => (Number.isNaN(input.valueAsNumber) ? (input.value = row.cells[i]) : edit("set", { path, hop: i + 1, take: input.valueAsNumber })) });
    input.value = row.cells[i];
    return make("span", { class: "wb-hop", title: way.name }, " \u2192 ", input, " ", make("bdi", {}, clip(facts.types[way.to].name, 24)));
  }

  function line(facts, row, path) {
    const name = `metapath ${path + 1}`;
    const active = path === facts.active;
    return make("div", { class: active ? "wb-path wb-active" : "wb-path" },
      button(`${path + 1}`, () => edit("select", { path }), { "aria-pressed": String(active), "aria-label": `walk on along ${name}` }),
      make("bdi", {}, clip(facts.types[facts.seed].name, 24)), ...row.chain.map((_, i) => cell(facts, row, path, i)),
      make("label", { title: "the times of its edges are not looked at" }, make("input", { type: "checkbox", checked: row.static, "aria-label": `${name} is static`, onchange: (event) => edit("static", { path, on: event.target.checked }) }), " static"),
      button("\u00d7", () => edit("without", { path }), { "aria-label": `remove ${name}` }));
  }

  /** Rebuilding the lines must not take the keyboard away from who edits them. */
  function keepingFocus(rebuild) {
    const label = table.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    rebuild();
    const again = label && [...table.querySelectorAll("[aria-label]")].find((node) => node.getAttribute("aria-label") === label);
    if (again) again.focus();
  }

  function update({ meta }) {
    drawing.draw(meta);
    const walked = meta.paths.flatMap((row) => row.chain);
    const links = (ways) => meta.links.flatMap((link, i) => (link.ways.some((w) => ways.includes(w)) ? [i] : []));
    drawing.mark("wb-walked", [], links(walked));
    drawing.mark("wb-active", [meta.end], links(meta.chain));
    drawing.mark("wb-open", meta.ways_on.map((w) => meta.ways[w].to), []);
    title.textContent = `Metapaths from ${clip(meta.types[meta.seed].name, 40)}`;
    const from = clip(meta.types[meta.end].name, 24);
    next.replaceChildren(make("span", { class: "wb-caption" }, meta.active === null ? `New metapath: next from ${from}` : `Metapath ${meta.active + 1}: next from ${from}`),
      ...meta.ways_on.map((w) => button(`${clip(meta.types[meta.ways[w].to].name, 24)} ${meta.ways[w].degree}`, () => edit("walk", { edge_type: w }), { title: meta.ways[w].name, "aria-label": `step along ${meta.ways[w].name}` })));
    keepingFocus(() => table.replaceChildren(...meta.paths.map((row, path) => line(meta, row, path))));
    back.disabled = meta.active === null;
    undo.disabled = !meta.can_undo;
    text.textContent = meta.text || "Neighbours per node; -1: every visible one, 0.1: a tenth.";
    root.dataset.paths = meta.paths.length;
  }
  return { update };
});
