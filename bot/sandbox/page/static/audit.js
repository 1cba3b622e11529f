// The audit history, newest first, with the verification of its chain.
import { h, reconcile } from "./dom.js";
import { blocks } from "./blocks.js";

export function showAudit(panel, content, tools) {
  if (!panel.firstChild)
    panel.append(
      h("p", { class: "lead" }, "What the bot has written down. Each event's hash covers the one before it, so that no line can be changed, removed or slipped in unnoticed."),
      h("p", { class: "verdict", role: "status" }),
      h("ol", { class: "events" }),
    );
  const verdict = panel.querySelector(".verdict");
  verdict.classList.toggle("broken", !content.holds);
  const words = `${content.holds ? "Verified" : "Broken"}: ${content.words}`;
  if (verdict.textContent !== words) verdict.textContent = words;
  const context = { names: tools.names(), prefix: "audit", act: () => {} };
  reconcile(panel.querySelector(".events"), content.events, (event) => String(event.seq), (event) =>
    h(
      "li",
      {},
      h("p", { class: "event-head" }, h("span", { class: "seq" }, event.seq), h("code", {}, event.request ?? "—"), h("span", { class: "hash", title: "The beginning of its hash" }, event.hash)),
      blocks([event.block], context),
    ),
  );
}
