/* The front-end half of anywidget's contract on a bare page: models with get, set, on, off and send. */

window.sent = [];

class Model {
  constructor(name, payload) {
    this.name = name;
    this.state = { _payload: payload };
    this.heard = [];
  }
  get(key) {
    return this.state[key];
  }
  set(key, value) {
    this.state[key] = value;
    this.tell(`change:${key}`);
  }
  save_changes() {}
  on(event, callback) {
    this.heard.push([event, callback]);
  }
  off(event, callback) {
    this.heard = this.heard.filter(([e, c]) => (event && e !== event) || (callback && c !== callback));
  }
  tell(event, ...values) {
    for (const [e, callback] of [...this.heard]) if (e === event) callback(...values);
  }
  send(content) {
    window.sent.push([this.name, JSON.parse(JSON.stringify(content))]);
  }
}

/** Bulk data comes as DataView, as the kernel's messages are unpacked in every host. */
function unpacked(payload) {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const columns = Object.entries(payload.columns).map(([name, c]) => [name, { ...c, data: bytes(c.data) }]);
  return { ...payload, columns: Object.fromEntries(columns) };
}

window.models = {};
window.views = {};

window.load = async (name, esm, css, payload) => {
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  models[name] = Object.assign(new Model(name, unpacked(payload)), { widget: module.default });
};

window.show = async (name, view) => {
  const output = Object.assign(document.createElement("div"), { id: view, className: "cell-output-ipywidget-background" });
  document.body.append(output);
  const { widget } = models[name];
  const el = output.appendChild(document.createElement("div"));
  await widget.initialize?.({ model: models[name] });
  views[view] = [output, await widget.render({ model: models[name], el })];
};

window.clear = async (view) => {
  const [output, cleanUp] = views[view];
  await cleanUp();
  output.remove();
  delete views[view];
};

window.push = (name, payload) => models[name].set("_payload", unpacked(payload));
window.message = (name, content) => models[name].tell("msg:custom", content, []);
