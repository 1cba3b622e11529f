// The messages of a conversation, and the Home tab.
import { h, reconcile, time } from "./dom.js";
import { blocks } from "./blocks.js";
import { mrkdwn } from "./mrkdwn.js";

export function showMessages(log, posts, notices, context) {
  const place = posts[0]?.channel ?? notices[0]?.channel ?? "";
  const moved = log.dataset.place !== `${context.slack.me} ${place}`;
  const atEnd = moved || log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.dataset.place = `${context.slack.me} ${place}`;
  const complaints = notices.map((one) => ({
    ts: String(one.at),
    author: "Slackbot",
    text: one.text,
    blocks: [],
    private: true,
    files: [],
    thread: "",
  }));
  const all = [...posts, ...complaints].sort((one, other) => Number(one.ts) - Number(other.ts));
  const replies = Map.groupBy ? Map.groupBy(all.filter((one) => one.thread), (one) => one.thread) : grouped(all);
  const items = all
    .filter((one) => !one.thread || !all.some((other) => other.ts === one.thread))
    .map((post) => ({ post, replies: replies.get(post.ts) ?? [], me: context.slack.me }));
  log.classList.toggle("empty", items.length === 0);
  reconcile(log, items, (item) => item.post.ts, (item) => message(item, context));
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function grouped(all) {
  const groups = new Map();
  for (const one of all) if (one.thread) groups.set(one.thread, [...(groups.get(one.thread) ?? []), one]);
  return groups;
}

function message({ post, replies }, context) {
  const isBot = post.author === context.slack.bot.id;
  const name = isBot ? context.slack.bot.name : context.names.people[post.author] ?? post.author;
  const acting = {
    ...context,
    prefix: `m${post.ts.replace(".", "")}`,
    act: (wanted, confirm, event) => context.perform({ ...wanted, ts: post.ts }, confirm, event),
  };
  return h(
    "article",
    {
      class: `message ${post.private ? "private" : ""} ${isBot ? "bot" : ""}`,
      "aria-label": `${name}${post.private ? ", only visible to you" : ""}`,
    },
    h("div", { class: `avatar ${isBot ? "app" : ""}`, "data-initial": name[0], "aria-hidden": "true" }, isBot ? "" : name[0].toUpperCase()),
    h(
      "div",
      { class: "body" },
      post.private ? h("p", { class: "only-you" }, "Only visible to you") : null,
      h(
        "p",
        { class: "from" },
        h("strong", {}, name),
        isBot ? h("span", { class: "badge" }, "App") : null,
        h("time", { datetime: new Date(Number(post.ts) * 1000).toISOString() }, time(Number(post.ts))),
        post.edited ? h("span", { class: "edited" }, "(edited)") : null,
        shortcuts(post, context),
      ),
      h("div", { class: "content" }, post.blocks.length ? blocks(post.blocks, acting) : h("p", {}, mrkdwn(post.text, context.names))),
      post.files.map((file) =>
        h("a", { class: "file", href: `/files/${file.id}`, download: file.name }, file.name, h("span", {}, ` ${file.size} bytes`)),
      ),
      replies.length
        ? h("div", { class: "thread", role: "group", "aria-label": "Thread" }, replies.map((reply) => message({ post: reply, replies: [] }, context)))
        : null,
    ),
  );
}

function shortcuts(post, context) {
  if (post.private || post.author === "Slackbot") return null;
  return context.slack.app.shortcuts.map((one) =>
    h(
      "button",
      {
        type: "button",
        class: "shortcut quiet",
        onclick: (event) => context.perform({ act: "shortcut", ts: post.ts, callback: one.callback_id }, null, event),
      },
      one.name,
    ),
  );
}

export function showHome(region, view, context) {
  const acting = {
    ...context,
    prefix: "home",
    act: (wanted, confirm, event) => context.perform({ ...wanted, view: view.id }, confirm, event),
  };
  if (region.dataset.hash === view?.hash) return;
  region.dataset.hash = view?.hash ?? "";
  region.replaceChildren(...(view ? blocks(view.content.blocks, acting) : [h("p", {}, "The app has published no Home tab yet.")]));
}
