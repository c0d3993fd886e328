/* RunMonitor: progress, loss and metric curves, where the time goes, Cancel. */

const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#b8a800", "#7f7f7f"];

/** A line chart of one series, as an SVG element. */
function chart(title, xs, ys, colour) {
  const [w, h, left, right, top, bottom] = [330, 150, 50, 8, 22, 20];
  const label = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor, fill: "currentColor" }, text);
  const points = Array.from(xs, (x, i) => [x, ys[i]]).filter(([, y]) => Number.isFinite(y));
  const picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, width: w, height: h, role: "img" });
  picture.append(label(4, 13, title, "start"));
  picture.setAttribute("aria-label", points.length ? `${title}: now ${points.at(-1)[1].toPrecision(4)}` : `${title}: no value yet`);
  if (!points.length) return picture;
  let [x0, x1] = [points[0][0], points.at(-1)[0]];
  let [y0, y1] = [Infinity, -Infinity];
  for (const [, y] of points) [y0, y1] = [Math.min(y0, y), Math.max(y1, y)];
  if (x0 === x1) [x0, x1] = [x0 - 0.5, x1 + 0.5];
  const room = (y1 - y0) * 0.05 || Math.abs(y1) * 0.05 || 0.5;
  [y0, y1] = [y0 >= 0 ? Math.max(0, y0 - room) : y0 - room, y1 + room];
  const px = (x) => left + ((x - x0) / (x1 - x0)) * (w - left - right);
  const py = (y) => h - bottom - ((y - y0) / (y1 - y0)) * (h - top - bottom);
  for (const y of [y0, (y0 + y1) / 2, y1]) {
    picture.append(svg("line", { x1: left, x2: w - right, y1: py(y), y2: py(y), class: "wb-grid" }), label(left - 5, py(y) + 4, Number(y.toPrecision(3)), "end"));
  }
  picture.append(label(left, h - 5, Math.round(points[0][0]), "start"), label(w - right, h - 5, Math.round(points.at(-1)[0]), "end"));
  const path = points.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" ");
  picture.append(svg("polyline", { points: path, fill: "none", stroke: colour, "stroke-width": 2 }));
  if (points.length < 40) for (const [x, y] of points) picture.append(svg("circle", { cx: px(x), cy: py(y), r: 2.5, fill: colour }));
  return picture;
}

function render({ model, el }) {
  return mount(model, el, "run", (root, send) => {
    const status = make("span", { class: "wb-title", role: "status" });
    const progress = make("progress", { max: 1, "aria-label": "progress of the run" });
    const cancel = make("button", { type: "button", class: "wb-cancel", onclick: () => send({ kind: "cancel" }) }, "Cancel");
    const line = make("div", { class: "wb-caption" });
    const charts = make("div", { class: "wb-columns" });
    const stages = make("div", { class: "wb-stages", role: "img" });
    const legend = make("ul", { class: "wb-legend wb-inline" });
    root.append(make("div", { class: "wb-bar" }, status, progress, cancel), line, charts, stages, legend);

    function drawStages(times) {
      const total = Object.values(times).reduce((a, b) => a + b, 0);
      // Slivers that nobody could see share one place.
      const large = Object.entries(times).filter(([, seconds]) => seconds >= total / 100).slice(0, COLOURS.length - 1);
      const rest = total - large.reduce((a, [, seconds]) => a + seconds, 0);
      if (rest > 0) large.push(["other", rest]);
      const shares = large.map(([name, seconds], i) => [name, seconds, seconds / total, name === "other" ? COLOURS.at(-1) : COLOURS[i]]);
      stages.setAttribute("aria-label", shares.map(([name, s]) => `${name} ${duration(s)}`).join(", "));
      stages.replaceChildren(...shares.map(([, , share, colour]) => make("span", { style: `width:${100 * share}%;background:${colour}` })));
      legend.replaceChildren(...shares.map(([name, seconds, share, colour]) =>
        make("li", {}, make("span", { class: "wb-swatch wb-square", style: `background:${colour}` }), `${name} ${duration(seconds)} (${Math.round(100 * share)}%)`)));
    }

    function update(payload) {
      const m = payload.meta;
      root.dataset.state = m.state;
      root.dataset.epochs = payload.columns.metric_x.data.byteLength / 4;
      status.textContent = m.state;
      cancel.hidden = m.ended;
      cancel.disabled = m.state !== "running" && m.state !== "waiting";
      progress.hidden = m.ended;
      if (m.fraction != null) progress.value = m.fraction;
      else progress.removeAttribute("value");
      const parts = [m.stage && !m.ended && `${m.stage}: ${number(m.done)}${m.total ? ` of ${number(m.total)}` : ""} ${m.unit}`];
      parts.push(m.ended && m.epochs && `epoch ${m.epoch} of ${m.epochs}`, `${number(m.steps)} steps`, duration(m.seconds));
      parts.push(m.seconds > 0 && m.seeds && `${number(m.seeds / m.seconds)} seeds/s`);
      parts.push(m.remaining != null && !m.ended && `about ${duration(m.remaining)} left`);
      parts.push(m.best != null && `best ${m.metric_name} ${m.best.toPrecision(4)} (epoch ${m.best_epoch})`);
      parts.push(m.message && m.state !== "failed" && m.message);
      line.textContent = parts.filter(Boolean).join(" \u00b7 ");
      charts.replaceChildren(
        chart("training loss by step", column(payload, "loss_x"), column(payload, "loss_y"), COLOURS[0]),
        chart(`validation ${m.metric_name} by epoch`, column(payload, "metric_x"), column(payload, "metric_y"), COLOURS[2]),
      );
      drawStages(m.stages);
    }
    return { update };
  });
}

export default { render };
