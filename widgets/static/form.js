/* A step of Workbench: fields, buttons, what came of it; a table is shown a piece at a time. */

function render({ model, el }) {
  return mount(model, el, "form", (root, send) => {
    const inputs = new Map();
    let [drawn, marked] = ["", ""];
    const [title, note, fields, buttons, status] = ["title", "caption", "fields", "bar", "caption"].map((name) => make("div", { class: `wb-${name}` }));
    const progress = make("progress", { max: 1, "aria-label": "progress" });
    const busy = make("div", { class: "wb-bar" }, status, progress, make("button", { type: "button", class: "wb-cancel", onclick: () => send({ kind: "cancel" }) }, "Cancel"));
    const text = make("pre", { class: "wb-code", tabindex: 0, "aria-live": "polite" });
    const copy = make("button", { type: "button", onclick: () => navigator.clipboard.writeText(text.textContent) }, "Copy");
    const table = make("div", { class: "wb-scroll" });
    status.setAttribute("role", "status");
    root.append(title, note, fields, buttons, busy, text, copy, table);

    const act = (action) => send({ kind: "act", action, values: Object.fromEntries([...inputs].map(([name, node]) => [name, node.value])) });

    function field({ name, label, kind, value, hint, options }, first) {
      const enter = (event) => event.key === "Enter" && !event.shiftKey && (event.preventDefault(), buttons.firstChild.disabled || act(first));
      const node =
        kind === "area" ? make("textarea", { rows: 4, spellcheck: "false", placeholder: hint })
        : kind === "choice" ? make("select", {}, ...options.map((option) => make("option", { value: option }, option)))
        : make("input", { type: "text", inputmode: kind === "number" ? "decimal" : "text", placeholder: hint, title: hint, onkeydown: enter });
      node.value = value;
      inputs.set(name, node);
      return make("label", { class: `wb-${kind}` }, make("span", {}, label), node);
    }

    /** Rows first to first + step; a long table never travels whole. */
    function page({ columns, rows, start, total, step }) {
      const go = (label, to, off) => make("button", { type: "button", disabled: off, onclick: () => send({ kind: "page", start: to }) }, label);
      const cells = (row) => make("tr", {}, ...row.map((cell) => make("td", {}, make("bdi", {}, cell))));
      const last = start + rows.length;
      return [
        make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, make("bdi", {}, name))))), make("tbody", {}, ...rows.map(cells))),
        make("div", { class: "wb-bar" }, go("First", 0, !start), go("Previous", start - step, !start), make("span", { role: "status" }, `rows ${number(start + 1)} to ${number(last)} of ${number(total)}`), go("Next", start + step, last >= total), go("Last", total, last >= total)),
      ];
    }

    function update({ meta: m, seq }) {
      const wanted = JSON.stringify([m.title, m.fields, m.actions]);
      if (wanted !== drawn) {
        // What was typed meanwhile stays: only what the kernel changed is filled in.
        const typed = new Map([...inputs].filter(([, node]) => node === document.activeElement).map(([name, node]) => [name, node.value]));
        const focus = [...typed.keys()][0];
        inputs.clear();
        const first = m.actions.length && m.actions[0][0];
        fields.replaceChildren(...m.fields.map((one) => field(typed.has(one.name) ? { ...one, value: typed.get(one.name) } : one, first)));
        buttons.replaceChildren(...m.actions.map(([name, label]) => make("button", { type: "button", onclick: () => act(name) }, label)));
        if (focus && inputs.has(focus)) inputs.get(focus).focus();
        drawn = wanted;
      }
      [title.textContent, note.textContent, text.textContent] = [m.title, m.note, m.text];
      note.hidden = !m.note;
      text.hidden = !m.text;
      copy.hidden = !m.text || m.actions.length > 0;
      for (const button of buttons.children) button.disabled = m.locked || m.busy != null;
      busy.hidden = !m.busy;
      status.textContent = m.busy ? m.busy.label : "";
      if (m.busy && m.busy.fraction) progress.value = m.busy.fraction;
      else progress.removeAttribute("value");
      table.replaceChildren(...(m.table ? page(m.table) : []));
      root.dataset.step = m.title;
      root.dataset.busy = m.busy ? m.busy.label : "";
      if (m.mark && marked !== m.error) {
        const area = [...inputs.values()].find((node) => node.tagName === "TEXTAREA");
        if (area) (area.focus(), area.setSelectionRange(...m.mark));
      }
      marked = m.error;
    }
    return { update };
  });
}

export default { render };
