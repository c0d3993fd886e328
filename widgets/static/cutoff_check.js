/* CutoffCheck: a slider over the times around the anchor, a histogram, counts and offenders. */

export default widget("cutoff", (root, send) => {
  const [W, H, THUMB] = [820, 120, 8];
  const verdict = make("div", { class: "wb-title", role: "status" });
  const picture = make("div", { class: "wb-scroll" });
  const legend = make("ul", { class: "wb-legend wb-inline" });
  const slider = make("input", { type: "range", step: 1, class: "wb-wide", "aria-label": "cutoff, in steps from the anchor", oninput: () => move(slider.valueAsNumber) });
  const ends = make("div", { class: "wb-ends wb-caption" });
  const audit = button("Audit against the source tables", () => ((report.textContent = "auditing\u2026"), send({ kind: "audit" })));
  const top = bar(verdict, button("To the anchor", () => move(0)), audit);
  const table = make("table");
  const offenders = make("div", { role: "group", "aria-label": "offenders", class: "wb-offenders" });
  const report = make("pre", { class: "wb-caption", role: "status" });
  const card = make("dl", { "aria-live": "polite" });
  root.append(top, picture, slider, ends, legend, make("div", { class: "wb-scroll" }, table), offenders, make("div", { class: "wb-card" }, card), report);

  // While a slider is dragged, one message is under way at a time and the last position always goes.
  let [sent, wanted] = [false, null];
  function move(steps) {
    if (sent) return void (wanted = steps);
    sent = true;
    send({ kind: "move", steps });
  }

  function histogram(m) {
    const { ends: lefts, drawn, late, around } = m.histogram;
    const width = lefts.length > 1 ? lefts[1] - lefts[0] : Math.max(m.high - m.low, 1);
    // The slider's thumb keeps half its width from the ends of its track: marks stand above it.
    const px = (steps) => THUMB + ((steps - m.low) / Math.max(m.high - m.low, 1)) * (W - 2 * THUMB);
    const top = Math.max(1, ...drawn, ...(around || []));
    const bars = (counts, name) => counts.flatMap((n, i) => {
      if (!n) return [];
      const h = Math.max(1.5, (n / top) * (H - 24));
      const style = name === "wb-late" ? `fill:${m.alarm}` : "";
      return [svg("rect", { x: px(lefts[i]) + 0.5, y: H - h, width: Math.max(px(lefts[i] + width) - px(lefts[i]) - 1, 1), height: h, class: name, style }, svg("title", {}, `${number(n)} edges`))];
    });
    const note = (x, text, anchor = "middle") => svg("text", { x, y: 14, "text-anchor": anchor, class: "wb-note" }, text);
    const line = (at, name, text) => [svg("line", { x1: px(at), x2: px(at), y1: 19, y2: H, class: name }), note(Math.min(Math.max(px(at), 30), W - 30), text)];
    const label = `edges by the time from their anchor; at most ${number(top)} in a bin`;
    // The names of two marks that stand close would cover each other.
    const marks = [...line(0, "wb-anchor", m.at && Math.abs(px(m.at) - px(0)) < 50 ? "" : "anchor"), ...(m.at ? line(m.at, "wb-cutoff-line", "cutoff") : [])];
    if (px(Math.min(m.at, 0)) > 150) marks.push(note(0, `highest bar: ${number(top)} edges`, "start"));
    else marks.push(note(W, `highest bar: ${number(top)} edges`, "end"));
    picture.replaceChildren(svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "wb-wide", role: "img", "aria-label": label }, ...bars(around || [], "wb-around"), ...bars(drawn, "wb-drawn"), ...bars(late, "wb-late"), ...marks));
  }

  function fill(m) {
    const names = ["drawn", "violating", ...(m.histogram.around ? ["visible", "invisible"] : [])];
    const body = m.rows.map((row) => make("tr", {}, make("td", {}, row.hop), make("th", { scope: "row" }, make("bdi", {}, row.edge_type)), ...names.map((name) => make("td", { class: name === "violating" && row.violating ? "wb-alarmed" : null }, number(row[name])))));
    const what = m.histogram.around ? "Violating: drawn, but later than the cutoff. Visible, invisible: of up to 100 neighbours around each of up to 256 expanded nodes." : "Violating: drawn, but later than the cutoff.";
    table.replaceChildren(make("caption", {}, what), head(["hop", "edge type", ...names]), make("tbody", {}, ...body));
    offenders.replaceChildren(...m.offenders.map((o, i) => button(`\u2192 ${clip(o.edge_type, 60)} row ${o.edge_id}${o.seed < 0 ? "" : `, seed ${o.seed}`}: ${o.late}`, () => send({ kind: "offender", offender: i }), { "aria-label": `jump to offender ${i + 1}` })));
    card.replaceChildren(...Object.entries(m.card || {}).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  function update({ meta: m }) {
    [slider.min, slider.max] = [m.low, m.high];
    sent = false;
    if (wanted !== null) {
      const next = wanted;
      wanted = null;
      move(next);
    } else if (document.activeElement !== slider || slider.valueAsNumber !== m.at) slider.value = m.at;
    slider.setAttribute("aria-valuetext", m.where);
    verdict.textContent = m.verdict;
    verdict.classList.toggle("wb-alarmed", m.violating > 0);
    ends.replaceChildren(...m.ends.map((text) => make("span", {}, text)));
    audit.hidden = !m.can_audit;
    if (m.audit || m.error) report.textContent = m.audit;
    histogram(m);
    legend.replaceChildren(swatch("var(--wb-data)", "drawn, known by the cutoff"), swatch(m.alarm, "drawn, later than the cutoff"), ...(m.histogram.around ? [swatch("var(--wb-edge)", "in the graph around them")] : []));
    fill(m);
    root.dataset.violating = m.violating;
    root.dataset.at = m.at;
  }
  return { update };
});
