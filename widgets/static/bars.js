/* Bars left and right of zero; rows that can be picked are buttons. */

const brief = (value) => (value && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toLocaleString("en", { maximumSignificantDigits: 3 }));

/** A titled list of rows [name, value, low?, high?]. */
function bars(title, rows, onpick, picked) {
  const every = rows.flatMap(([, ...values]) => values);
  const [low, high] = [Math.min(0, ...every), Math.max(0, ...every)];
  const at = (value) => (180 * (value - low)) / (high - low || 1);
  const lines = rows.map(([name, value, from, to], i) => {
    const tick = (x1, x2, y1, y2) => svg("line", { x1, x2, y1, y2, stroke: "currentColor" });
    const track = svg("svg", { width: 181, height: 12, "aria-hidden": "true" },
      svg("rect", { x: at(Math.min(value, 0)), y: 1, width: at(Math.abs(value)) - at(0), height: 10, fill: value < 0 ? "#e69f00" : "#0072b2" }),
      tick(at(0), at(0), 0, 12));
    if (to != null) track.append(tick(at(from), at(to), 6, 6));
    const row = [make("bdi", { class: "wb-bar-name", title: name }, name), track, ` ${low < 0 && value > 0 ? "+" : ""}${brief(value)}`];
    return make("li", {}, onpick ? make("button", { type: "button", "aria-pressed": String(i === picked), onclick: () => onpick(i) }, ...row) : make("span", {}, ...row));
  });
  return make("div", { class: "wb-rows" }, title, make("ul", { class: "wb-legend" }, ...lines));
}

/** Draw anew, and leave the keyboard where it was among the buttons. */
function redrawn(node, ...children) {
  const at = [...node.querySelectorAll("button")].indexOf(document.activeElement);
  node.replaceChildren(...children);
  node.querySelectorAll("button")[at]?.focus();
}
