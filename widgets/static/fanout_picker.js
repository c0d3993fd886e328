/* FanoutPicker: one table, hops across, edge types down; native number inputs, a bar of edges in each cell. */

export default widget("fanout", (root, send, model) => {
  const inputs = new Map();
  let structure = "";
  const edit = (how, more) => send({ kind: "edit", how, ...more });
  const choose = (label, onchange, ...names) => make("select", { "aria-label": label, onchange }, ...options(names));
  const title = make("span", { class: "wb-title" });
  const strategy = choose("which neighbours are drawn", () => edit("drawn", { strategy: strategy.value }));
  const preset = choose("preset", () => {
    if (preset.selectedIndex) edit("preset", { name: preset.value });
    preset.selectedIndex = 0;
  }, "Presets");
  const fewer = button("Remove hop", () => edit("shallower"));
  const undo = button("Undo", () => edit("undo"));
  const redo = button("Redo", () => edit("redo"));
  const most = make("input", { type: "number", min: 0, step: "any", value: 50, "aria-label": "budget of a batch" });
  const unit = choose("unit of the budget", null, "MB", "ms", "nodes");
  const fit = () => most.value > 0 && send({ kind: "fit", most: most.valueAsNumber, unit: unit.value });
  const form = choose("form to copy", ask, "Fanout", "PyG", "Kumo");
  const text = make("textarea", { class: "wb-wide", readonly: true, rows: 3, "aria-label": "the fanout as Python" });
  const copy = button("Copy", () => (text.select(), document.execCommand("copy")));
  const copies = make("details", { ontoggle: ask }, make("summary", {}, "Copy as"), bar(form, copy), text);
  const choices = div("wb-caption");
  const table = make("table");
  const cost = make("div", { class: "wb-cost", role: "status" });
  root.append(
    bar(title, strategy, preset, button("Add hop", () => edit("deeper")), fewer, undo, redo, button("Reset", () => edit("reset"))),
    choices, div("wb-scroll", table), cost,
    bar("Fit to", most, unit, button("Fit", fit)),
    copies,
  );

  function ask() {
    text.value = "";
    if (copies.open) send({ kind: "copy", form: form.value });
  }
  const onForm = (message) => message.kind === "form" && message.form === form.value && (text.value = message.text);
  model.on("msg:custom", onForm);

  const share = (value) => value > 0 && value < 1;

  /** Shares are sent when they are complete: on its way, 0.25 is 0, then 0.2. */
  function edited(input, hop, row, complete) {
    const value = input.valueAsNumber;
    const whole = Number.isInteger(value) && value >= -1;
    input.setAttribute("aria-invalid", String(!whole && !share(value)));
    const typing = share(value) || share(Number(input.dataset.value));
    if ((whole || share(value)) && complete === typing) edit("set", { hop, edge_type: row, fanout: value });
  }

  /** What was never sent must not stay in sight as if it counted. */
  function restored(input) {
    if (input.getAttribute("aria-invalid") !== "true") return;
    input.value = input.dataset.value;
    input.setAttribute("aria-invalid", "false");
  }

  function cell(hop, row, edgeType) {
    const input = make("input", {
      type: "number", min: -1, max: 100000, step: "any",
      "aria-label": `neighbours at hop ${hop} along ${edgeType}`,
      oninput: () => edited(input, hop, row, false),
      onchange: () => edited(input, hop, row, true),
      onblur: () => restored(input),
    });
    const edges = make("small", {}, "\u00a0");
    const line = div("wb-cell-bar");
    inputs.set(`${hop}|${row}`, { input, edges, line });
    return make("td", {}, input, edges, line);
  }

  function rebuild(rows, hops) {
    inputs.clear();
    const numbers = Array.from({ length: hops }, (_, i) => i + 1);
    const body = rows.map(({ edge_type: name }, row) =>
      make("tr", {}, make("th", { scope: "row" }, bdi(name)), ...numbers.map((hop) => cell(hop, row, name))),
    );
    table.replaceChildren(
      make("caption", {}, "Neighbours per node; 0: do not follow, -1: every visible one, 0.1: a tenth. Beside them: edges per batch."),
      head(["edge type", ...numbers.map((hop) => `hop ${hop}`)]),
      make("tbody", {}, ...body),
    );
  }

  function fill(rows, cells) {
    const top = Math.max(1, ...Object.values(cells || {}).map(([, , high]) => high));
    rows.forEach(({ cells: values, notes }, row) => {
      values.forEach((value, i) => {
        const key = `${i + 1}|${row}`;
        const { input, edges, line } = inputs.get(key);
        input.disabled = value === null;
        input.title = value === null ? "no node of this edge type's end is found by the hop before" : notes[i];
        input.dataset.value = value === null ? "" : value;
        // What is being typed is not overwritten by the echo of an earlier keystroke.
        if (document.activeElement !== input || value === null) input.value = input.dataset.value;
        if (!cells) return;
        const [mean, low, high, words] = cells[key] || [0, 0, 0, ""];
        edges.textContent = [mean ? `${number(mean)} edges` : "\u00a0", notes[i]].filter(Boolean).join(" ");
        edges.title = line.title = words;
        // Solid up to the lower end of the interval, pale up to the upper.
        line.style.width = `${(11 * high) / top}em`;
        line.style.setProperty("--low", `${(100 * low) / high}%`);
      });
    });
  }

  function price(found) {
    root.dataset.cost = found ? "ready" : "measuring";
    table.classList.toggle("wb-stale-bars", !found);
    cost.classList.toggle("wb-stale", !found);
    if (!found) return;
    cost.replaceChildren(
      make("span", {}, `a batch of ${number(found.batch_size)} seeds (95 %):`),
      ...found.totals.map(([value, unit]) => make("span", { class: "wb-figure" }, make("b", {}, value), ` ${unit}`)),
    );
  }

  function update({ meta }) {
    const wanted = JSON.stringify([meta.hops, meta.rows.map((row) => row.edge_type)]);
    if (wanted !== structure) rebuild(meta.rows, meta.hops);
    structure = wanted;
    title.textContent = `Fanout from ${meta.seed_type}`;
    if (!strategy.length) {
      strategy.append(...options(meta.strategies));
      preset.append(...options(meta.presets));
    }
    strategy.value = meta.strategy;
    choices.textContent = meta.choices;
    fewer.disabled = meta.hops <= 1;
    [undo.disabled, redo.disabled] = [!meta.undo, !meta.redo];
    fill(meta.rows, meta.cost && meta.cost.cells);
    if (meta.error) cost.replaceChildren("not measured");
    price(meta.cost);
    if (meta.fitting) cost.replaceChildren("fitting \u2026 an edit or Undo stops it");
    ask();
  }
  return { update, stop: () => model.off("msg:custom", onForm) };
});
