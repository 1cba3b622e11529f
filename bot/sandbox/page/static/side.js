// The list of conversations. Its buttons stay the same elements, or a click on one while news comes would go nowhere.
import { h, reconcile } from "./dom.js";

export function showSide(side, slack, current, news, choose) {
  if (!side.firstElementChild) side.append(h("h2", {}, "Channels"), h("ul"), h("h2", {}, "Apps"), h("ul"));
  const [channels, apps] = side.querySelectorAll("ul");
  const named = slack.channels.filter((one) => one.name);
  const marked = named.map(({ id, name, kind }) => ({ id, name, mark: kind === "public" ? "#" : "◇" }));
  const make = (item) => entry(item, choose);
  reconcile(channels, marked, (item) => item.id, make);
  reconcile(apps, [{ id: slack.direct, name: slack.bot.name, mark: "◆" }], (item) => item.id, make);
  for (const button of side.querySelectorAll("button")) {
    const id = button.dataset.channel;
    const isNews = news.has(id) && id !== current;
    button.classList.toggle("news", isNews);
    button.querySelector(".unseen.new").textContent = isNews ? ", new messages" : "";
    if (id === current) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
}

function entry({ id, name, mark }, choose) {
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", "data-channel": id, onclick: () => choose(id) },
      h("span", { class: "mark", "aria-hidden": "true" }, mark),
      name,
      mark === "◇" ? h("span", { class: "unseen" }, ", private") : null,
      h("span", { class: "unseen new" }),
    ),
  );
}
