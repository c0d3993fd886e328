/* A schema as an SVG that can be pointed at, clicked and walked with Tab; shared by two widgets. */

/** Build the drawing; `onType(i)` is called when a type is clicked. Returns its elements and its verbs. */
function schemaDrawing(root, hint, onType = null) {
  const holder = div("wb-scroll wb-schema-holder");
  const card = make("div", { class: "wb-card", "aria-live": "polite" }, hint);
  let [facts, drawn, boxes, lines, sought, wide] = [null, "", [], [], 0, 0];

  /** What sampling finds from a type, in words. */
  function waysFrom(type) {
    return facts.ways.filter((way) => way.from === type).map((way) =>
      make("li", {}, `${way.degree} `, bdi(facts.types[way.to].name), make("small", {}, ` along ${way.name}`)));
  }

  function describe(type) {
    const t = facts.types[type];
    const columns = t.columns.map(([name, kind]) => make("li", {}, bdi(name), make("small", {}, ` ${kind}`)));
    if (t.more) columns.push(make("li", {}, `and ${number(t.more)} more`));
    card.replaceChildren(
      div("wb-title", bdi(t.name), t.rows == null ? "" : `: ${number(t.rows)} rows`),
      div("wb-caption", t.span),
      div("wb-columns",
        div(null, "columns", make("ul", { class: "wb-legend" }, ...columns)),
        div(null, "from one row, one step of sampling finds", make("ul", { class: "wb-legend" }, ...waysFrom(type)))),
    );
    root.dataset.card = type;
    lines.forEach((line, i) => line.classList.toggle("wb-near", facts.links[i].ways.some((w) => facts.ways[w].from === type)));
  }

  function box(t, i) {
    const [x, y, w, h] = t.box;
    const note = t.rows == null ? t.span : `${number(t.rows)} rows`;
    const act = onType ? { role: "button", onclick: () => onType(i) } : { role: "img" };
    const keys = (event) => {
      if (onType && (event.key === "Enter" || event.key === " ")) (event.preventDefault(), event.stopPropagation(), onType(i));
    };
    return svg("g", { ...act, class: "wb-type", tabindex: 0, "aria-label": `${t.name}: ${note}, ${t.span}`, onpointerenter: () => describe(i), onfocus: () => describe(i), onkeydown: keys },
      svg("title", {}, t.name),
      svg("rect", { x, y, width: w, height: h, rx: 4, class: "wb-box" }),
      svg("rect", { x, y, width: 6, height: h, fill: t.style[0] }),
      svg("text", { x: x + 14, y: y + 19, class: "wb-name" }, clip(t.name, 18)),
      svg("text", { x: x + 14, y: y + 36, class: "wb-note" }, clip(note, 24)));
  }

  /** At one end of a line: its key, or how many rows are found from here; an arrow says where sampling goes. */
  function label(link, start) {
    const [[x, y], [other]] = start ? [link.starts, link.ends] : [link.ends, link.starts];
    const right = other >= x;
    const text = start ? clip(link.label, 13) : facts.ways[link.ways[0]].degree;
    return svg("text", { x: x + (right ? 6 : -6), y: y - 3, "text-anchor": right ? "start" : "end", class: "wb-note" }, ...(right ? [text, " \u25b8"] : ["\u25c2 ", text]));
  }

  function draw(found) {
    facts = found;
    const wanted = JSON.stringify([found.types, found.links, found.ways]);
    if (wanted === drawn) return;
    drawn = wanted;
    lines = found.links.map((link) => svg("path", { d: link.path, class: "wb-link", fill: "none" }, svg("title", {}, link.ways.map((w) => found.ways[w].name).join("\n"))));
    boxes = found.types.map(box);
    const labels = found.links.flatMap((link) => [label(link, true), label(link, false)]);
    [sought, wide] = [0, 0];
    holder.replaceChildren(svg("svg", { width: found.width, height: found.height, viewBox: `0 0 ${found.width} ${found.height}`, role: "group", "aria-label": `schema of ${found.types.length} types` }, ...lines, ...labels, ...boxes));
    settle();
  }

  /** What needs sizes, as soon as there are some: names are kept in their boxes, a type that is sought is in sight. */
  function settle() {
    for (const name of holder.querySelectorAll(".wb-name")) if (name.getComputedTextLength() > 132) dress(name, { textLength: 132, lengthAdjust: "spacingAndGlyphs" }, []);
    if (holder.clientWidth === wide || !boxes.length) return;
    wide = holder.clientWidth;
    const [x, y, w, h] = facts.types[sought].box;
    const near = (at, from, size, room) => Math.min(from - 8, Math.max(at, from + size + 8 - room));
    holder.scrollTo(near(holder.scrollLeft, x, w, holder.clientWidth), near(holder.scrollTop, y, h, holder.clientHeight));
  }

  function look(type) {
    [sought, wide] = [type, 0];
    settle();
  }

  /** Mark types and lines: `marks` is a list of [element kind, position, class]. */
  function mark(name, types, links) {
    boxes.forEach((node, i) => node.classList.toggle(name, types.includes(i)));
    lines.forEach((node, i) => node.classList.toggle(name, links.includes(i)));
  }
  return { holder, card, draw, mark, look, settle };
}
