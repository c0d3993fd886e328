/* ExplainView and LocalityView: something to choose, and groups of bars, of which some can be picked. */

export default widget("groups", (root, send) => {
  const choice = make("select", { onchange: () => send({ kind: "choose", place: choice.selectedIndex }) });
  const title = make("div", { class: "wb-title", role: "status" });
  const [caption, groups] = [div("wb-caption"), div("wb-columns")];
  const label = make("label", { class: "wb-bar" });
  root.append(title, label, caption, groups);
  function update({ meta: m }) {
    root.classList.add(`wb-${m.widget}`);
    title.textContent = m.title;
    label.hidden = m.choices.length < 2;
    if (!label.firstChild) label.append(m.what, choice);
    choice.replaceChildren(...options(m.choices));
    choice.selectedIndex = m.chosen;
    caption.textContent = m.caption;
    redrawn(groups, ...m.groups.map((g) => bars(g.title, g.rows, g.pick && ((place) => send({ kind: "pick", place })), m.picked)));
  }
  return { update };
});
