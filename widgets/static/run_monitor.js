/* RunMonitor: progress, loss and metric curves, where the time goes and what to change, Cancel and Resume. */

/** A line chart of one series, as an SVG element. */
function chart(title, xs, ys, colour) {
  const [w, h, left, right, top, bottom] = [330, 150, 50, 8, 22, 20];
  const label = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);
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
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(y1 - y0))));
  for (const y of [y0, (y0 + y1) / 2, y1]) {
    picture.append(svg("line", { x1: left, x2: w - right, y1: py(y), y2: py(y), class: "wb-grid" }), label(left - 5, py(y) + 4, y.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }), "end"));
  }
  picture.append(label(left, h - 5, Math.round(points[0][0]), "start"), label(w - right, h - 5, Math.round(points.at(-1)[0]), "end"));
  const path = points.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" ");
  picture.append(svg("polyline", { points: path, fill: "none", stroke: colour, "stroke-width": 2 }));
  if (points.length < 40) for (const [x, y] of points) picture.append(svg("circle", { cx: px(x), cy: py(y), r: 2.5, fill: colour }));
  return picture;
}

export default widget("run", (root, send) => {
  const status = make("span", { class: "wb-title", role: "status" });
  const progress = make("progress", { max: 1, "aria-label": "progress of the run" });
  const button = (kind, label) => make("button", { type: "button", class: `wb-${kind}`, onclick: (event) => ((event.target.disabled = true), send({ kind })) }, label);
  const [cancel, resume] = [button("cancel", "Cancel"), button("resume", "Resume")];
  const [line, load, advice] = ["wb-caption", "wb-caption", "wb-advice"].map((name) => make("div", { class: name }));
  const charts = make("div", { class: "wb-columns" });
  const bars = make("div");
  root.append(bar(status, progress, cancel, resume), line, load, charts, bars, advice);

  /** One thread's stages; slivers that nobody could see are left out. */
  function stack([title, times], longest) {
    const total = times.reduce((sum, [, seconds]) => sum + seconds, 0);
    const shown = times.map(([name, seconds, colour]) => [`${name} ${duration(seconds)} (${Math.round((100 * seconds) / total)}%)`, seconds, colour]).filter(([, seconds]) => seconds >= total / 100);
    const parts = shown.map(([, seconds, colour]) => make("span", { style: `width:${(100 * seconds) / longest}%;background:${colour}` }));
    const keys = shown.map(([words, , colour]) => swatch(colour, words));
    const label = `${title}: ${shown.map(([words]) => words).join(", ")}`;
    return total ? [make("div", { class: "wb-stages", role: "img", "aria-label": label }, ...parts), make("ul", { class: "wb-legend wb-inline" }, make("li", {}, title), ...keys)] : [];
  }

  function update(payload) {
    const m = payload.meta;
    root.dataset.state = m.state;
    root.dataset.steps = m.steps;
    root.dataset.epochs = payload.columns.metric_x.data.byteLength / 4;
    status.textContent = m.state;
    cancel.hidden = m.ended;
    cancel.disabled = m.state !== "running" && m.state !== "waiting";
    resume.hidden = resume.disabled = !m.can_resume;
    progress.hidden = m.ended;
    if (m.fraction != null) progress.value = m.fraction;
    else progress.removeAttribute("value");
    const parts = [m.stage && !m.ended && `${m.stage}: ${number(m.done)}${m.total ? ` of ${number(m.total)}` : ""} ${m.unit}`];
    parts.push(m.ended && m.epochs && `epoch ${m.epoch} of ${m.epochs}`, `${number(m.steps)} steps`, duration(m.seconds));
    parts.push(m.rate > 0 && `${number(m.rate)} seeds/s`);
    const clock = m.remaining != null && new Date(Date.now() + 1000 * m.remaining).toLocaleTimeString([], { timeStyle: "short" });
    parts.push(clock && !m.ended && `at most ${duration(m.remaining)} left${m.remaining < 4e4 ? ` (${clock})` : ""}`);
    parts.push(m.best != null && `best ${m.metric_name} ${m.best.toPrecision(4)} (epoch ${m.best_epoch})`);
    parts.push(m.message && m.state !== "failed" && m.message);
    line.textContent = parts.filter(Boolean).join(" \u00b7 ");
    load.textContent = m.load.filter(Boolean).join(" \u00b7 ");
    advice.textContent = m.advice;
    charts.replaceChildren(
      chart("training loss by step", column(payload, "loss_x"), column(payload, "loss_y"), "var(--wb-data)"),
      chart(`validation ${m.metric_name} by epoch`, column(payload, "metric_x"), column(payload, "metric_y"), "#009e73"),
    );
    const longest = Math.max(...m.bars.map(([, times]) => times.reduce((sum, [, seconds]) => sum + seconds, 0)));
    bars.replaceChildren(...m.bars.flatMap((bar) => stack(bar, longest)));
  }
  return { update };
});
