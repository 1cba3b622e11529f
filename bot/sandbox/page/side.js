// The list of conversations.
import { h } from "./dom.js";

export function showSide(side, slack, current, news, choose) {
  const entry = (id, label, mark) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: news.has(id) && id !== current ? "news" : "",
          "aria-current": id === current ? "page" : null,
          "data-channel": id,
          onclick: () => choose(id),
        },
        h("span", { class: "mark", "aria-hidden": "true" }, mark),
        label,
        mark === "◇" ? h("span", { class: "unseen" }, ", private") : null,
        news.has(id) && id !== current ? h("span", { class: "unseen" }, ", new messages") : null,
      ),
    );
  const focused = side.contains(document.activeElement) ? document.activeElement.dataset.channel : null;
  const channels = slack.channels.filter((one) => one.name);
  side.replaceChildren(
    h("h2", {}, "Channels"),
    h("ul", {}, channels.map((one) => entry(one.id, one.name, one.kind === "public" ? "#" : "◇"))),
    h("h2", {}, "Apps"),
    h("ul", {}, entry(slack.direct, slack.bot.name, "◆")),
  );
  if (focused) side.querySelector(`[data-channel="${focused}"]`)?.focus();
}
