// The tabs of the panel at the side, after the ARIA pattern for tabs.
import { h } from "./dom.js";

export class Panels {
  constructor(names, labels) {
    this.names = names;
    this.list = document.getElementById("panel-tabs");
    this.list.append(
      ...names.map((name) =>
        h(
          "button",
          {
            type: "button",
            role: "tab",
            id: `tab-${name}`,
            "aria-controls": `panel-${name}`,
            onclick: () => this.show(name),
            onkeydown: (event) => this.key(event, name),
          },
          labels[name],
        ),
      ),
    );
    this.show(names.includes(location.hash.slice(1)) ? location.hash.slice(1) : names[0]);
  }

  show(name) {
    for (const each of this.names) {
      const tab = document.getElementById(`tab-${each}`);
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
      document.getElementById(`panel-${each}`).hidden = each !== name;
    }
  }

  key(event, name) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = this.names.at((this.names.indexOf(name) + step) % this.names.length);
    this.show(next);
    document.getElementById(`tab-${next}`).focus();
  }
}
