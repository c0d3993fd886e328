/* SubgraphView: nodes on hop rings, drawn on one canvas; pointer or keys look at nodes, expand and hide them. */

const SIDE = 460;
const HELP = "Point at a node, or use the arrow keys. Click or Enter: one more hop. Shift-click or Delete: hide.";

export default widget("subgraph", (root, send, model) => {
  let [data, cursor] = [null, -1];
  let view = { scale: 1, x: 0, y: 0 };
  let [low, high] = [0, 1];
  let [asked, moved, saving] = [0, 0, false];
  const range = (label, value) => make("input", { type: "range", min: 0, max: 1, step: 0.01, value, "aria-label": label, oninput: brushed, onchange: () => send({ kind: "brush", low, high }) });
  const canvas = make("canvas", { tabindex: 0, role: "application" });
  // Without a GPU, reading back is the slow part of a canvas: keep it in memory.
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const legend = make("ul", { class: "wb-legend wb-scroll" });
  const details = make("div", { class: "wb-card", "aria-live": "polite" });
  const colours = ["type", "time", "hop"].map((name) => make("option", { value: name }, `colour by ${name}`));
  const colouring = make("select", { "aria-label": "colour by", onchange: () => (key(), draw()) }, ...colours);
  const cross = make("input", { type: "checkbox", checked: true, onchange: draw });
  const [oldest, newest] = [range("oldest time shown", 0), range("newest time shown", 1)];
  const within = make("span", { role: "status" });
  const times = bar("times", oldest, newest, within);
  const search = make("input", { type: "search", placeholder: "id or key", "aria-label": "search an id or key", onkeydown: find });
  const inspect = button("Send to BatchInspector", () => send({ kind: "inspect", node: Math.max(cursor, 0) }));
  const undo = button("Undo", () => act("undone"));
  const redo = button("Redo", () => act("redone"));
  const caption = div("wb-caption");
  const zoom = (factor, label, name) => button(label, () => rescale(factor), { "aria-label": name });
  root.append(caption, div("wb-columns", canvas, div("wb-side",
    bar(colouring, zoom(1.5, "+", "zoom in"), zoom(1 / 1.5, "\u2212", "zoom out"), zoom(0, "fit", "fit to view"), make("label", {}, cross, " cross edges")),
    bar(search, undo, redo), times,
    bar(button("PNG", () => save(canvas.toDataURL(), "png")), button("SVG", () => ((saving = true), send({ kind: "svg" }))), inspect),
    legend, details)));

  const act = (how, node = -1) => send({ kind: "act", how, node, seq: data.seq });
  const save = (href, end) => make("a", { href, download: `subgraph.${end}` }).click();

  function find(event) {
    if (event.key === "Enter" && search.value) send({ kind: "find", text: search.value, after: cursor });
  }

  function brushed() {
    [low, high] = [oldest.valueAsNumber, newest.valueAsNumber];
    draw();
  }

  /** Nodes without a time are always there. */
  const shown = (i) => !(data.age[i] < low || data.age[i] > high);

  const place = (x, y) => [x, y].map((v, axis) => (v * view.scale * 0.94 + 1) * (SIDE / 2) + (axis ? view.y : view.x));
  const toScreen = (i) => place(data.x[i], data.y[i]);

  function rescale(factor) {
    view = factor ? { scale: view.scale * factor, x: view.x * factor, y: view.y * factor } : { scale: 1, x: 0, y: 0 };
    draw();
  }

  function update(payload) {
    // What is told of the same picture leaves the cursor where it is.
    const kept = data && data.meta.shown === payload.meta.shown;
    data = { meta: payload.meta, seq: payload.seq };
    for (const name of Object.keys(payload.columns)) data[name] = column(payload, name);
    const { meta } = data;
    const order = Array.from(data.x.keys());
    const angle = order.map((i) => Math.atan2(data.x[i], -data.y[i]));
    data.order = order.sort((a, b) => data.hop[a] - data.hop[b] || angle[a] - angle[b]);
    if (!kept) {
      cursor = meta.cursor;
      delete root.dataset.card;
      details.replaceChildren(HELP);
    }
    caption.textContent = meta.summary;
    canvas.setAttribute("aria-label", `${meta.summary}. Arrow keys walk through the nodes.`);
    [undo.disabled, redo.disabled, inspect.hidden, times.hidden] = [!meta.undo, !meta.redo, !meta.inspect, !meta.dated];
    [low, high] = [oldest.value, newest.value] = meta.brush;
    within.textContent = meta.within;
    key();
    draw();
    if (cursor >= 0 && Number(root.dataset.card) !== cursor && !(kept && meta.error)) ask();
  }

  /** What is coloured alike: which nodes, colour, mark and label. */
  function layers() {
    const { types, hops, time_colours: ramp } = data.meta;
    const last = ramp.length - 1;
    const at = (share) => ramp[Math.round(share * last)];
    return {
      type: () => types.map((t, k) => [(i) => data.type[i] === k, ...t.style, `${t.name} (${number(t.count)})`]),
      hop: () => hops.map((n, k) => [(i) => data.hop[i] === k, at(k / Math.max(1, hops.length - 1)), "circle", `hop ${k} (${number(n)})`]),
      time: () => [
        [(i) => Number.isNaN(data.age[i]), "#9aa0a6", "circle", "no time"],
        ...ramp.map((colour, k) => [(i) => Math.round(data.age[i] * last) === k, colour, "circle", { 0: "oldest", [last]: "newest" }[k]]),
      ],
    }[colouring.value]();
  }

  function key() {
    const { meta } = data;
    const items = layers();
    if (data.late.some(Boolean) || data.late_edge.some(Boolean)) items.push([0, meta.alarm, "circle", "later than the anchor"]);
    if (meta.most > 1) items.push([0, "transparent;border:3px solid;box-sizing:border-box", "circle", `up to ${number(meta.most)} alike; a click shows them`]);
    if (data.cross.some(Boolean)) items.push([0, "var(--wb-accent);height:2px;border:0;vertical-align:middle", "square", "cross edge: found no node"]);
    legend.replaceChildren(...items.filter((item) => item[3]).map(([, colour, mark, label]) => swatch(colour, label, mark)));
  }

  function draw() {
    if (!data) return;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== SIDE * ratio) canvas.width = canvas.height = SIDE * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = cssColour(root, "--wb-paper");
    pen.fillRect(0, 0, SIDE, SIDE);
    drawRings();
    const thin = data.src.length > 500 ? 0.4 : 1;
    if (cross.checked) drawEdges((e) => data.cross[e] && !data.late_edge[e], cssColour(root, "--wb-accent"), thin * 0.8);
    drawEdges((e) => !data.cross[e] && !data.late_edge[e], cssColour(root, "--wb-edge"), thin);
    drawEdges((e) => data.late_edge[e], data.meta.alarm, 1.5);
    drawNodes();
  }

  function drawRings() {
    pen.strokeStyle = cssColour(root, "--wb-line");
    pen.lineWidth = 1;
    pen.setLineDash([3, 4]);
    for (const [x, y, ring] of data.meta.rings) {
      pen.beginPath();
      pen.arc(...place(x, y), ring * view.scale * 0.47 * SIDE, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  function drawEdges(chosen, colour, width) {
    pen.beginPath();
    for (let e = 0; e < data.src.length; e++) {
      if (!chosen(e) || !shown(data.src[e]) || !shown(data.dst[e])) continue;
      pen.moveTo(...toScreen(data.dst[e]));
      pen.lineTo(...toScreen(data.src[e]));
    }
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }

  /** Pixels of a dot: what its ring has room for, within reason. */
  function radius(node) {
    return Math.min(7, Math.max(1.3, data.dot[node] * 0.47 * SIDE * view.scale));
  }

  function drawNodes() {
    dots((i) => data.late[i], 2.5, data.meta.alarm);
    const [ink, paper] = [cssColour(root, "--wb-ink"), cssColour(root, "--wb-paper")];
    dots((i) => data.hop[i] === 0, 3.5, ink);
    dots((i) => data.hop[i] === 0, 2, paper);
    // Without a rim pale colours would be lost on light paper, and dark ones on dark paper.
    dots(() => true, 0.8, cssColour(root, "--wb-edge"));
    for (const [chosen, colour, mark] of layers()) dots(chosen, 0, colour, mark);
    dots((i) => data.count[i] > 1 && radius(i) > 3, -2.5, paper);
    if (cursor < 0) return;
    pen.beginPath();
    pen.arc(...toScreen(cursor), radius(cursor) + 5, 0, 2 * Math.PI);
    [pen.strokeStyle, pen.lineWidth] = [cssColour(root, "--wb-accent"), 2];
    pen.stroke();
  }

  /** One path for all chosen nodes, `more` pixels wider than their dots. */
  function dots(chosen, more, colour, mark = "circle") {
    pen.beginPath();
    for (let i = 0; i < data.x.length; i++) {
      if (!chosen(i) || !shown(i)) continue;
      const [x, y] = toScreen(i);
      const r = radius(i) + more;
      if (mark === "square") pen.rect(x - r, y - r, 2 * r, 2 * r);
      else if (mark === "diamond") (pen.moveTo(x, y - r), pen.lineTo(x + r, y), pen.lineTo(x, y + r), pen.lineTo(x - r, y), pen.closePath());
      else (pen.moveTo(x + r, y), pen.arc(x, y, r, 0, 2 * Math.PI));
    }
    pen.fillStyle = colour;
    pen.fill();
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top].map((v) => (v * SIDE) / box.width);
    let [best, distance] = [-1, 14 * 14];
    for (let i = 0; i < data.x.length; i++) {
      const [x, y] = toScreen(i);
      const d = (x - px) ** 2 + (y - py) ** 2;
      if (d < distance && shown(i)) [best, distance] = [i, d];
    }
    return best;
  }

  function select(node) {
    if (node === cursor || node < 0) return;
    cursor = node;
    draw();
    ask();
  }

  /** Quick movements ask once, for the node where they come to rest. */
  function ask() {
    clearTimeout(asked);
    asked = setTimeout(() => send({ kind: "hover", node: cursor, seq: data.seq }), 60);
  }

  function onMessage(message) {
    if (message.kind === "brushed") {
      within.textContent = message.text;
      // Another view's; our own sliders may have moved on meanwhile.
      if (!times.contains(document.activeElement)) ([low, high] = [oldest.value, newest.value] = message.brush), draw();
    }
    if (message.kind === "svg" && saving) (saving = false), save(URL.createObjectURL(new Blob([message.text], { type: "image/svg+xml" })), "svg");
    if (!data || message.seq !== data.seq) return;
    if (message.kind === "point") select(message.index);
    if (message.kind !== "card" || message.index !== cursor) return;
    const { row = {}, late, ...facts } = message.card;
    const list = [...Object.entries(facts), ...Object.entries(row)].flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]);
    details.replaceChildren(
      div("wb-title", facts.node, ...(late ? [make("em", {}, " later than its anchor")] : [])),
      make("dl", {}, ...list.slice(2)),
    );
    root.dataset.card = message.index;
  }

  canvas.addEventListener("pointerdown", () => (moved = 0));
  canvas.addEventListener("pointermove", (event) => {
    if (!data) return;
    if (event.buttons === 1) {
      moved += Math.abs(event.movementX) + Math.abs(event.movementY);
      const shrunk = SIDE / canvas.clientWidth;
      view = { ...view, x: view.x + event.movementX * shrunk, y: view.y + event.movementY * shrunk };
      return draw();
    }
    select(nearest(event));
  });
  canvas.addEventListener("click", (event) => {
    const node = data && moved < 4 ? nearest(event) : -1;
    if (node >= 0) act(event.shiftKey ? "hide" : "expand", node);
  });
  canvas.addEventListener("keydown", (event) => {
    const order = data ? data.order.filter(shown) : [];
    if (!order.length) return;
    const walk = (step) => select(order[cursor < 0 ? 0 : (order.indexOf(cursor) + step + order.length) % order.length]);
    const on = (how) => cursor < 0 || act(how, cursor);
    const go = {
      ArrowRight: () => walk(1),
      ArrowLeft: () => walk(-1),
      ArrowUp: () => (cursor < 0 ? walk(0) : select(data.parent[cursor])),
      ArrowDown: () => (cursor < 0 ? walk(0) : select(data.parent.indexOf(cursor))),
      Enter: () => on("expand"),
      Delete: () => on("hide"),
      "+": () => rescale(1.5),
      "-": () => rescale(1 / 1.5),
      0: () => rescale(0),
    }[event.key];
    if (!go || (event.shiftKey && event.key === "Enter")) return;
    go();
    event.preventDefault();
    event.stopPropagation();
  });
  model.on("msg:custom", onMessage);
  return { update, redraw: draw, stop: () => (clearTimeout(asked), model.off("msg:custom", onMessage)) };
});
