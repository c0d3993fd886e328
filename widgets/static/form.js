/* A step of Workbench: fields, buttons, what came of it; a table is shown a piece at a time. */

function render({ model, el }) {
  return mount(model, el, "form", (root, send) => {
    const [inputs, known] = [new Map(), new Map()];
    let marked = "";
    const [title, note, fields, buttons, label, table] = ["title", "caption", "fields", "bar", "caption", "scroll"].map((name) => make("div", { class: `wb-${name}` }));
    const progress = make("progress", { max: 1, "aria-label": "progress" });
    const busy = make("div", { class: "wb-bar", role: "status" }, label, progress, button("Cancel", () => send({ kind: "cancel" })));
    const text = make("pre", { class: "wb-code", tabindex: 0, "aria-live": "polite" });
    const copy = button("Copy", () => navigator.clipboard.writeText(text.textContent));
    root.append(title, note, fields, buttons, busy, text, copy, table);

    const act = (action) => send({ kind: "act", action, values: Object.fromEntries([...inputs].map(([name, node]) => [name, node.value])) });

    function field({ name, label, kind, hint }) {
      const onkeydown = (event) => event.key === "Enter" && !buttons.firstChild.disabled && buttons.firstChild.click();
      const node = {
        area: () => make("textarea", { rows: 4, spellcheck: "false", placeholder: hint }),
        choice: () => make("select"),
      }[kind] || (() => make("input", { placeholder: hint, onkeydown }));
      inputs.set(name, node());
      return make("label", { class: `wb-${kind}` }, make("span", {}, label), inputs.get(name));
    }

    function page({ columns, rows, start, total, step }) {
      const last = start + rows.length;
      const go = (text, start, disabled) => button(text, () => send({ kind: "page", start }), { disabled });
      return [
        make("table", {}, head(columns), body(rows)),
        bar(go("First", 0, !start), go("Previous", start - step, !start), `rows ${number(start + 1)} to ${number(last)} of ${number(total)}`, go("Next", last, last >= total), go("Last", total, last >= total)),
      ];
    }

    function update({ meta: m }) {
      if (!title.textContent) {
        fields.append(...m.fields.map(field));
        buttons.append(...m.actions.map(([name, text]) => button(text, () => act(name))));
      }
      // What is typed meanwhile stays: only what the kernel changed is filled in.
      for (const { name, value, options: names } of m.fields) {
        const [node, now] = [inputs.get(name), JSON.stringify([value, names])];
        if (known.get(name) === now) continue;
        known.set(name, now);
        if (node.options) node.replaceChildren(...options(names));
        node.value = value;
      }
      for (const node of buttons.children) node.disabled = m.locked;
      [title.textContent, note.textContent, text.textContent] = [m.title, m.note, m.text];
      text.hidden = !m.text;
      copy.hidden = !m.text || m.actions.length > 0;
      busy.hidden = !m.busy;
      label.textContent = root.dataset.busy = m.busy ? m.busy.label : "";
      root.dataset.step = m.title;
      if (m.busy && m.busy.fraction) progress.value = m.busy.fraction;
      else progress.removeAttribute("value");
      table.replaceChildren(...(m.table ? page(m.table) : []));
      const area = root.querySelector("textarea");
      if (m.mark && area && marked !== m.error) (area.focus(), area.setSelectionRange(...m.mark));
      marked = m.error;
    }
    return { update };
  });
}

export default { render };
