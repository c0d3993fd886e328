/* Shared by all Workbench widgets: columns, elements, themes, errors. Holds no state of its own. */

/** Read one column of a payload; copied, because a part of a message need not be aligned. */
function column(payload, name) {
  const { kind, data } = payload.columns[name];
  const types = { f4: Float32Array, u4: Uint32Array, i4: Int32Array, u1: Uint8Array };
  return new types[kind](data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
}

/** Dress an element; strings become text nodes, so nothing from the data is ever parsed as HTML. */
function dress(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const make = (tag, attributes = {}, ...children) => dress(document.createElement(tag), attributes, children);

const svg = (tag, attributes, ...children) => dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const button = (text, onclick, more) => make("button", { type: "button", onclick, ...more }, text);

const bar = (...parts) => make("div", { class: "wb-bar" }, ...parts);

const options = (names) => names.map((name) => make("option", { value: name }, name));

const head = (names) => make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, make("bdi", {}, name)))));

const body = (rows) => make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, make("bdi", {}, cell))))));

/** A line of a legend. */
const swatch = (colour, text, mark = "square") => make("li", {}, make("span", { class: `wb-swatch wb-${mark}`, style: `background:${colour}` }), make("bdi", {}, text));

/** A long label, shortened. */
const clip = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}\u2026` : text);

/** The value of a CSS variable, for drawing on a canvas. */
function cssColour(node, name) {
  return getComputedStyle(node).getPropertyValue(name).trim();
}

/** Call back when the light or dark theme of Jupyter, VS Code or the system changes; returns what stops it. */
function watchTheme(redraw) {
  const observer = new MutationObserver(() => requestAnimationFrame(redraw));
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-jp-theme-name", "data-jp-theme-light"] });
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", redraw);
  return () => (observer.disconnect(), media.removeEventListener("change", redraw));
}

const SILENCE = 4000;

/** Mount a widget: draw now and whenever the payload is replaced; show errors; return the clean-up. */
function mount(model, el, name, build) {
  const root = make("div", { class: `wb wb-${name}`, role: "group", "aria-label": `${name} widget` });
  const error = make("div", { class: "wb-error", role: "alert", hidden: true });
  const silence = make("div", { class: "wb-error wb-silence", role: "status", hidden: true },
    "No answer from the kernel: it is busy, or this is a saved picture. Run the cell again to edit it.");
  let waiting = 0;
  // Every message is answered. A notebook that was opened again shows its widgets, but nobody listens.
  const send = (message) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (silence.hidden = false), SILENCE);
    model.send(message);
  };
  const answered = () => (clearTimeout(waiting), (silence.hidden = true));
  const { update, redraw = () => {}, stop = () => {} } = build(root, send);
  root.append(error, silence);
  el.append(root);
  // Keys pressed in a widget are the widget's: Jupyter would insert cells, move on, or start editing. JupyterLab looks
  // at them after the widget; Notebook 7 before, and leaves those alone whose target has the attribute.
  const taken = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape" || (event.shiftKey && event.key === "Enter"));
  const guard = (event) => root.contains(event.target) && event.target.toggleAttribute("data-lm-suppress-shortcuts", taken(event));
  addEventListener("keydown", guard, true);
  root.addEventListener("keydown", (event) => taken(event) && event.stopPropagation());
  // What scrolls can be reached by keyboard, and only then.
  const reach = () => root.querySelectorAll(".wb-scroll, .wb-card").forEach((node) => {
    node.tabIndex = node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight ? 0 : -1;
  });
  const show = () => {
    answered();
    const payload = model.get("_payload");
    if (!payload || !payload.seq) return;
    update(payload);
    error.hidden = !payload.meta.error;
    error.textContent = payload.meta.error || "";
    root.dataset.seq = payload.seq;
    root.dataset.ready = "true";
  };
  model.on("change:_payload", show);
  model.on("msg:custom", answered);
  const unwatch = watchTheme(redraw);
  // A restored view is drawn before it is attached, when no theme colour is known: draw again once it has a size.
  const resized = new ResizeObserver(() => (redraw(), reach()));
  resized.observe(root);
  show();
  return () => (removeEventListener("keydown", guard, true), model.off("change:_payload", show), model.off("msg:custom", answered), clearTimeout(waiting), unwatch(), resized.disconnect(), stop());
}

/** The default export of a widget; `build(root, send, model)` fills it and returns { update, redraw?, stop? }. */
const widget = (name, build) => ({ render: ({ model, el }) => mount(model, el, name, (root, send) => build(root, send, model)) });

function number(value) {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

function duration(seconds) {
  if (seconds < 100) return `${number(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 100 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${number(minutes / 60)} h`;
}
