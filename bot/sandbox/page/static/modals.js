// Modals: the app's own views, and the question Slack asks before some buttons.
import { Refused, act, upload } from "./api.js";
import { h } from "./dom.js";
import { blocks, text } from "./blocks.js";
import { values } from "./elements.js";

export class Modals {
  constructor(dialog, perform, person) {
    this.dialog = dialog;
    this.perform = perform;
    this.person = person;
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
  }

  show(views, context) {
    const view = views.at(-1);
    if (!view) {
      if (this.dialog.open) this.dialog.close();
      this.dialog.replaceChildren();
      this.shown = null;
      return;
    }
    const same = this.shown?.id === view.id && this.shown.hash === view.hash;
    const errors = JSON.stringify(view.errors);
    this.shown = view;
    if (!same) this.build(view, context);
    else if (errors !== this.marked) this.mark(view.errors);
    this.marked = errors;
    if (!this.dialog.open) this.dialog.showModal();
  }

  build(view, context) {
    const { content } = view;
    const acting = {
      ...context,
      prefix: `v${view.id}`,
      heading: "h3",
      errors: view.errors,
      act: (wanted, confirm, event) => this.perform({ ...wanted, view: view.id }, confirm, event),
    };
    this.problem = h("p", { class: "error", role: "alert" });
    this.form = h(
      "form",
      { novalidate: true, onsubmit: (event) => this.submit(event) },
      h(
        "div",
        { class: "modal-head" },
        h("h2", { id: "modal-title" }, text(content.title, acting)),
        h("button", { type: "button", class: "quiet", "aria-label": "Close this form", onclick: () => this.close() }, "×"),
      ),
      h("div", { class: "modal-body", tabindex: "0", role: "group", "aria-labelledby": "modal-title" }, blocks(content.blocks, acting)),
      this.problem,
      h(
        "div",
        { class: "modal-foot" },
        h("button", { type: "button", class: "button", onclick: () => this.close() }, content.close?.text ?? "Cancel"),
        content.submit ? h("button", { type: "submit", class: "button primary" }, content.submit.text) : null,
      ),
    );
    this.dialog.replaceChildren(this.form);
    this.form.querySelector(".field")?.setAttribute("autofocus", "");
  }

  mark(errors) {
    for (const block of this.form.querySelectorAll("[data-block]")) {
      const words = errors[block.dataset.block] ?? "";
      block.classList.toggle("wrong", Boolean(words));
      block.querySelector(".error").textContent = words;
      block.querySelector(".field")?.setAttribute("aria-invalid", String(Boolean(words)));
    }
    this.form.querySelector(".wrong .field")?.focus();
  }

  async submit(event) {
    event.preventDefault();
    this.problem.textContent = "";
    const button = this.form.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    try {
      const typed = values(this.form);
      for (const [name, value] of Object.entries(typed))
        if (value[0] instanceof File) typed[name] = await Promise.all(value.map((file) => upload(this.person(), file)));
      const answer = await act(this.person(), { act: "submit", view: this.shown.id, typed });
      this.problem.textContent = answer.notice;
    } catch (error) {
      this.problem.textContent = error instanceof Refused ? error.message : "The demo does not answer.";
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  close() {
    this.perform({ act: "close", view: this.shown.id });
  }
}

// Asks what a button's own confirmation asks; true when the person goes on.
export function confirmed(dialog, question) {
  return new Promise((resolve) => {
    const names = { people: {}, groups: {}, channels: {} };
    const end = (is) => {
      dialog.close();
      resolve(is);
    };
    dialog.replaceChildren(
      h("h2", { id: "confirm-title" }, text(question.title, { names })),
      h("div", { class: "modal-body" }, h("p", {}, text(question.text, { names }))),
      h(
        "div",
        { class: "modal-foot" },
        h("button", { type: "button", class: "button", onclick: () => end(false) }, question.deny.text),
        h("button", { type: "button", class: `button ${question.style ?? "primary"}`, onclick: () => end(true) }, question.confirm.text),
      ),
    );
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}
