/* SubgraphView: nodes on hop rings, drawn on one canvas; hover or arrow keys show a node's row. */

const SIDE = 460;

function render({ model, el }) {
  let data = null;
  let cursor = -1;
  let card = null;
  let view = { scale: 1, x: 0, y: 0 };
  let colouring = "type";
  let asked = 0;

  return mount(model, el, "subgraph", (root, send) => {
    const canvas = make("canvas", { tabindex: 0, role: "application", style: `width:${SIDE}px;height:${SIDE}px` });
    // Without a GPU, reading back is the slow part of a canvas: keep it in memory.
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const legend = make("ul", { class: "wb-legend" });
    const details = make("div", { class: "wb-card", "aria-live": "polite" }, "Point at a node, or use the arrow keys.");
    const byTime = make(
      "select",
      { "aria-label": "colour by", onchange: () => ((colouring = byTime.value), key(), draw()) },
      make("option", { value: "type" }, "colour by type"),
      make("option", { value: "time" }, "colour by time"),
    );
    const zoom = (factor, label, name) =>
      make("button", { type: "button", "aria-label": name, onclick: () => rescale(factor) }, label);
    const caption = make("div", { class: "wb-caption" });
    const bar = make("div", { class: "wb-bar" }, byTime, zoom(1.5, "+", "zoom in"), zoom(1 / 1.5, "\u2212", "zoom out"), zoom(0, "fit", "fit to view"));
    root.append(caption, make("div", { class: "wb-columns" }, canvas, make("div", { class: "wb-side" }, bar, legend, details)));

    const toScreen = (i) => [
      (data.x[i] * view.scale * 0.94 + 1) * (SIDE / 2) + view.x,
      (data.y[i] * view.scale * 0.94 + 1) * (SIDE / 2) + view.y,
    ];

    function rescale(factor) {
      view = factor ? { scale: view.scale * factor, x: view.x * factor, y: view.y * factor } : { scale: 1, x: 0, y: 0 };
      draw();
    }

    function update(payload) {
      data = { meta: payload.meta, seq: payload.seq };
      for (const name of Object.keys(payload.columns)) data[name] = column(payload, name);
      const order = Array.from(data.x.keys());
      const angle = order.map((i) => Math.atan2(data.x[i], -data.y[i]));
      data.order = order.sort((a, b) => data.hop[a] - data.hop[b] || angle[a] - angle[b]);
      data.place = new Uint32Array(data.order.length);
      data.order.forEach((node, place) => (data.place[node] = place));
      [cursor, card] = [-1, null];
      details.replaceChildren("Point at a node, or use the arrow keys.");
      caption.textContent = data.meta.summary;
      canvas.setAttribute("aria-label", `${data.meta.summary}. Arrow keys walk through the nodes.`);
      key();
      draw();
    }

    function swatch(colour, mark) {
      return make("span", { class: `wb-swatch wb-${mark}`, style: `background:${colour}` });
    }

    function key() {
      const items = colouring === "type"
        ? data.meta.types.map((t) => [swatch(...t.style), `${t.name} (${number(t.count)})`])
        : [[make("span", { class: "wb-ramp", style: `background:linear-gradient(90deg,${data.meta.time_colours})` }), "oldest to newest"],
          [swatch("#9aa0a6", "circle"), "no time"]];
      if (data.late.some(Boolean) || data.late_edge.some(Boolean)) items.push([swatch(data.meta.alarm, "circle"), "later than the anchor"]);
      legend.replaceChildren(...items.map(([mark, label]) => make("li", {}, mark, label)));
    }

    function draw() {
      if (!data) return;
      const ratio = window.devicePixelRatio || 1;
      if (canvas.width !== SIDE * ratio) canvas.width = canvas.height = SIDE * ratio;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, SIDE, SIDE);
      drawRings();
      drawEdges(0, cssColour(root, "--wb-edge"), data.src.length > 500 ? 0.4 : 1);
      drawEdges(1, data.meta.alarm, 1.5);
      drawNodes();
    }

    function drawRings() {
      pen.strokeStyle = cssColour(root, "--wb-line");
      pen.lineWidth = 1;
      pen.setLineDash([3, 4]);
      for (const ring of data.meta.rings) {
        pen.beginPath();
        pen.arc(SIDE / 2 + view.x, SIDE / 2 + view.y, ring * view.scale * 0.47 * SIDE, 0, 2 * Math.PI);
        pen.stroke();
      }
      pen.setLineDash([]);
    }

    function drawEdges(late, colour, width) {
      pen.beginPath();
      for (let e = 0; e < data.src.length; e++) {
        if (data.late_edge[e] !== late) continue;
        pen.moveTo(...toScreen(data.dst[e]));
        pen.lineTo(...toScreen(data.src[e]));
      }
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.stroke();
    }

    /** Pixels of a dot: what its ring has room for, within reason. */
    function radius(node) {
      return Math.min(7, Math.max(1.3, data.meta.dots[data.hop[node]] * 0.47 * SIDE * view.scale));
    }

    function drawNodes() {
      dots((i) => data.late[i], 2.5, data.meta.alarm);
      dots((i) => data.hop[i] === 0, 3.5, cssColour(root, "--wb-ink"));
      dots((i) => data.hop[i] === 0, 2, cssColour(root, "--wb-paper"));
      if (colouring === "type") {
        data.meta.types.forEach(({ style: [colour, mark] }, t) => dots((i) => data.type[i] === t, 0, colour, mark));
      } else {
        const ramp = data.meta.time_colours;
        dots((i) => Number.isNaN(data.age[i]), 0, "#9aa0a6");
        ramp.forEach((colour, c) => dots((i) => Math.round(data.age[i] * (ramp.length - 1)) === c, 0, colour));
      }
      if (cursor >= 0) {
        pen.beginPath();
        const [x, y] = toScreen(cursor);
        pen.arc(x, y, radius(cursor) + 5, 0, 2 * Math.PI);
        [pen.strokeStyle, pen.lineWidth] = [cssColour(root, "--wb-accent"), 2];
        pen.stroke();
      }
    }

    /** One path for all chosen nodes, `more` pixels wider than their dots. */
    function dots(chosen, more, colour, mark = "circle") {
      pen.beginPath();
      for (let i = 0; i < data.x.length; i++) {
        if (!chosen(i)) continue;
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
      const [px, py] = [event.clientX - box.left, event.clientY - box.top];
      let [best, distance] = [-1, 14 * 14];
      for (let i = 0; i < data.x.length; i++) {
        const [x, y] = toScreen(i);
        const d = (x - px) ** 2 + (y - py) ** 2;
        if (d < distance) [best, distance] = [i, d];
      }
      return best;
    }

    function select(node) {
      if (node === cursor || node < 0) return;
      cursor = node;
      draw();
      // Quick movements ask once, for the node where they come to rest.
      clearTimeout(asked);
      asked = setTimeout(() => send({ kind: "hover", node, seq: data.seq }), 60);
    }

    function onCard(message) {
      if (message.kind === "point" && data && message.seq === data.seq) return select(message.index);
      if (message.kind !== "card" || !data || message.seq !== data.seq || message.index !== cursor) return;
      card = message.card;
      const { row = {}, late, ...facts } = card;
      const pairs = [...Object.entries(facts), ...Object.entries(row)];
      const list = pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]);
      details.replaceChildren(
        make("div", { class: "wb-title" }, facts.node, ...(late ? [make("em", {}, " later than its anchor")] : [])),
        make("dl", {}, ...list.slice(2)),
      );
      root.dataset.card = message.index;
    }

    canvas.addEventListener("pointermove", (event) => {
      if (!data) return;
      if (event.buttons === 1) {
        view = { ...view, x: view.x + event.movementX, y: view.y + event.movementY };
        return draw();
      }
      select(nearest(event));
    });
    canvas.addEventListener("keydown", (event) => {
      if (!data || !data.order.length) return;
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const count = data.order.length;
      if (cursor < 0 && (step || event.key.startsWith("Arrow"))) select(data.order[0]);
      else if (step) select(data.order[(data.place[cursor] + step + count) % count]);
      else if (event.key === "ArrowUp") select(data.parent[cursor]);
      else if (event.key === "ArrowDown") select(data.parent.indexOf(cursor));
      else if (event.key === "+") rescale(1.5);
      else if (event.key === "-") rescale(1 / 1.5);
      else if (event.key === "0") rescale(0);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    model.on("msg:custom", onCard);
    return { update, redraw: draw, stop: () => (clearTimeout(asked), model.off("msg:custom", onCard)) };
  });
}

export default { render };
