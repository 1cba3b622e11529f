// The box to type in, with the command's hint as Slack shows it.
import { h } from "./dom.js";

export class Composer {
  constructor(form, hint, send, bringUp) {
    this.form = form;
    this.box = form.querySelector("textarea");
    this.hint = hint;
    this.app = null;
    this.bringUp = bringUp;
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("keydown", (event) => this.key(event));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = this.box.value.trim();
      if (text && (await send(text))) this.empty();
    });
  }

  about(app, place) {
    this.app = app;
    this.box.placeholder = `Message ${place}, or ${app.command}`;
    this.form.querySelector("label").textContent = `Message to ${place}`;
  }

  put(text) {
    this.bringUp();
    this.box.value = text;
    this.typed();
    this.box.focus();
  }

  empty() {
    this.box.value = "";
    this.typed();
  }

  add(word) {
    const before = this.box.value.trimEnd();
    this.put(before ? `${before} ${word} ` : `${this.app.command} ${word} `);
  }

  typed() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 160)}px`;
    const { value } = this.box;
    const word = value.split(/\s/)[0];
    const fits = value.startsWith("/") && this.app && (this.app.command.startsWith(word) || word === this.app.command);
    this.hint.hidden = !fits;
    if (fits)
      this.hint.replaceChildren(
        h("button", { type: "button", class: "link", onclick: () => this.complete() }, this.app.command),
        h("span", {}, this.app.hint),
        word === this.app.command ? "" : h("kbd", {}, "Tab"),
      );
  }

  complete() {
    if (!this.box.value.startsWith(this.app.command)) this.put(`${this.app.command} `);
    else this.box.focus();
  }

  key(event) {
    if (event.isComposing) return;
    const unfinished = this.box.value.startsWith("/") && this.app.command.startsWith(this.box.value);
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.form.requestSubmit();
    } else if (event.key === "Tab" && !event.shiftKey && unfinished && this.box.value !== this.app.command) {
      event.preventDefault();
      this.complete();
    }
  }
}
