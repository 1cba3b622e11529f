// The guided list: things to try, ticked off when they have happened.
import { h } from "./dom.js";

export function showGuide(panel, { steps }, tools, panels) {
  const done = steps.filter((step) => step.done).length;
  const next = steps.find((step) => !step.done)?.id;
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.step : null;
  panel.replaceChildren(
    h("p", { class: "lead" }, "Everything here is the real bot: the same program, its own database, signed requests over HTTP. Only Slack and Fincart are stand-ins."),
    h("div", { class: "progress" }, h("progress", { max: steps.length, value: done, "aria-label": "Tried so far" }), h("span", {}, `${done} of ${steps.length} tried`)),
    h("ol", { class: "guide" }, steps.map((step) => item(step, step.id === next, tools, panels))),
  );
  if (focused) panel.querySelector(`[data-step="${focused}"]`)?.focus();
}

function item(step, isNext, tools, panels) {
  return h(
    "li",
    { class: step.done ? "done" : isNext ? "next" : "", "data-id": step.id },
    h("span", { class: "tick", role: "img", "aria-label": step.done ? "done" : "to do" }, step.done ? "✓" : ""),
    h(
      "div",
      {},
      h("h3", {}, step.title),
      h("p", {}, step.how),
      step.command ? h("button", { type: "button", class: "button small", "data-step": step.id, onclick: () => fill(step, tools) }, `Type it for me, as ${step.who}`) : null,
      /Fincart panel|Turn on|logs/.test(step.how) ? h("button", { type: "button", class: "link", onclick: () => panels.show("fincart") }, "Open the Fincart panel") : null,
    ),
  );
}

function fill(step, tools) {
  const slack = tools.slack();
  const role = slack.roles.find((each) => each.name === step.who);
  const orders = slack.channels.find((each) => each.name === "orders");
  if (role.id !== slack.me) tools.be(role.id, orders.id);
  tools.goTo(orders.id);
  tools.composer.put(step.command);
}
