/* FanoutPicker: one table, hops across, edge types down; native number inputs. */

function render({ model, el }) {
  const inputs = new Map();
  let structure = "";

  return mount(model, el, "fanout", (root, send) => {
    const title = make("span", { class: "wb-title" });
    const strategy = make(
      "select",
      { "aria-label": "which neighbours are drawn", onchange: () => send({ kind: "strategy", strategy: strategy.value }) },
    );
    const fewer = make("button", { type: "button", onclick: () => send({ kind: "hops", more: false }) }, "Remove hop");
    const bar = make(
      "div",
      { class: "wb-bar" },
      title,
      strategy,
      make("button", { type: "button", onclick: () => send({ kind: "hops", more: true }) }, "Add hop"),
      fewer,
      make("button", { type: "button", onclick: () => send({ kind: "reset" }) }, "Reset"),
    );
    const choices = make("div", { class: "wb-caption" });
    const table = make("table");
    const cost = make("div", { class: "wb-cost", role: "status", "aria-live": "polite" });
    root.append(bar, choices, make("div", { class: "wb-scroll" }, table), cost);

    const share = (value) => value > 0 && value < 1;

    /** Shares are sent when they are complete: on its way, 0.25 is 0, then 0.2. */
    function edited(input, hop, edgeType, complete) {
      const value = input.valueAsNumber;
      const whole = Number.isInteger(value) && value >= -1;
      input.setAttribute("aria-invalid", String(!whole && !share(value)));
      const typing = share(value) || share(Number(input.dataset.value));
      if ((whole || share(value)) && complete === typing) send({ kind: "set", hop, edge_type: edgeType, fanout: value });
    }

    /** What was never sent must not stay in sight as if it counted. */
    function restored(input) {
      if (input.getAttribute("aria-invalid") !== "true") return;
      input.value = input.dataset.value;
      input.setAttribute("aria-invalid", "false");
    }

    function cell(hop, edgeType) {
      const input = make("input", {
        type: "number",
        min: -1,
        max: 100000,
        step: "any",
        "aria-label": `neighbours at hop ${hop} along ${edgeType}`,
        oninput: () => edited(input, hop, edgeType, false),
        onchange: () => edited(input, hop, edgeType, true),
        onblur: () => restored(input),
      });
      const edges = make("small", {}, "\u00a0");
      inputs.set(`${hop}|${edgeType}`, { input, edges });
      return make("td", {}, input, edges);
    }

    function rebuild(rows, hops) {
      inputs.clear();
      const numbers = Array.from({ length: hops }, (_, i) => i + 1);
      const head = numbers.map((hop) => make("th", { scope: "col" }, `hop ${hop}`));
      const body = rows.map(({ edge_type: name }) =>
        make("tr", {}, make("th", { scope: "row" }, name), ...numbers.map((hop) => cell(hop, name))),
      );
      table.replaceChildren(
        make("caption", {}, "Neighbours per node; 0: do not follow, -1: every visible one, 0.1: a tenth. Beside them: edges per batch."),
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "edge type"), ...head)),
        make("tbody", {}, ...body),
      );
    }

    function fill(rows, cells) {
      for (const { edge_type: name, cells: values, notes } of rows) {
        values.forEach((value, i) => {
          const { input, edges } = inputs.get(`${i + 1}|${name}`);
          input.disabled = value === null;
          input.title = value === null ? "no node of this edge type's end is found by the hop before" : notes[i];
          input.dataset.value = value === null ? "" : value;
          // What is being typed is not overwritten by the echo of an earlier keystroke.
          if (document.activeElement !== input || value === null) input.value = input.dataset.value;
          const count = cells && cells[`${i + 1}|${name}`];
          edges.textContent = [count ? `${number(count)} edges` : "\u00a0", notes[i]].filter(Boolean).join(" ");
        });
      }
    }

    function price(found) {
      root.dataset.cost = found ? "ready" : "measuring";
      if (!found) return cost.classList.add("wb-stale");
      cost.classList.remove("wb-stale");
      const figure = (value, unit) => make("span", { class: "wb-figure" }, make("b", {}, value), ` ${unit}`);
      cost.replaceChildren(
        make("span", {}, `a batch of ${number(found.batch_size)} seeds:`),
        figure(number(found.nodes), "nodes"),
        figure(number(found.edges), "edges"),
        figure(number(found.feature_bytes / 1e6), "MB of features"),
        figure(number(found.milliseconds), "ms to sample"),
      );
    }

    function update({ meta }) {
      const wanted = JSON.stringify([meta.hops, meta.rows.map((row) => row.edge_type)]);
      if (wanted !== structure) rebuild(meta.rows, meta.hops);
      structure = wanted;
      title.textContent = `Fanout from ${meta.seed_type}`;
      if (!strategy.length) strategy.append(...meta.strategies.map((name) => make("option", { value: name }, name)));
      strategy.value = meta.strategy;
      choices.textContent = meta.choices;
      fewer.disabled = meta.hops <= 1;
      fill(meta.rows, meta.cost && meta.cost.cells);
      if (meta.error) cost.replaceChildren("not measured");
      price(meta.cost);
    }
    return { update };
  });
}

export default { render };
