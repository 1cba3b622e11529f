// Slack's mrkdwn, and its mentions, links and dates, as DOM nodes. Nothing here ever parses markup.
import { h } from "./dom.js";

const TOKENS =
  /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(\S(?:[^*\n]*?\S)?)\*(?![\w*])|(?<![\w_])_(\S(?:[^_\n]*?\S)?)_(?![\w_])|(?<![\w~])~(\S(?:[^~\n]*?\S)?)~(?![\w~])/g;

export function mrkdwn(text, names) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(TOKENS)) {
    nodes.push(...plain(text.slice(end, found.index)));
    end = found.index + found[0].length;
    const [, fenced, code, control, bold, italic, struck] = found;
    if (fenced !== undefined) nodes.push(h("pre", {}, unescaped(fenced)));
    else if (code !== undefined) nodes.push(h("code", {}, unescaped(code)));
    else if (control !== undefined) nodes.push(controlled(control, names));
    else if (bold !== undefined) nodes.push(h("strong", {}, mrkdwn(bold, names)));
    else if (italic !== undefined) nodes.push(h("em", {}, mrkdwn(italic, names)));
    else nodes.push(h("s", {}, mrkdwn(struck, names)));
  }
  nodes.push(...plain(text.slice(end)));
  return nodes;
}

function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function plain(text) {
  return unescaped(text)
    .split("\n")
    .flatMap((line, number) => (number ? [h("br"), line] : [line]))
    .filter((node) => node !== "");
}

function controlled(control, names) {
  const [target, label] = split(control);
  if (target.startsWith("@")) return mention(`@${names.people[target.slice(1)] ?? target.slice(1)}`);
  if (target.startsWith("#")) return channelLink(target.slice(1), names);
  if (target.startsWith("!subteam^")) return mention(`@${names.groups[target.slice(9)] ?? target.slice(9)}`);
  if (target.startsWith("!date^")) return date(Number(target.split("^")[1]), target.split("^")[2], label);
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`, "ping");
  return link(unescaped(target), unescaped(label ?? target), names);
}

function split(control) {
  const bar = control.indexOf("|");
  return bar < 0 ? [control, undefined] : [control.slice(0, bar), control.slice(bar + 1)];
}

export function mention(text, kind = "") {
  return h("span", { class: `mention ${kind}` }, text);
}

export function channelLink(id, names) {
  const name = names.channels[id];
  if (!name) return mention("a direct message");
  return h("button", { type: "button", class: "mention", onclick: () => names.goTo(id) }, `#${name}`);
}

export function date(seconds, format, fallback) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return document.createTextNode(fallback ?? "");
  const words = (format ?? "{date_short_pretty} at {time}").replace(/\{(\w+)\}/g, (_, token) => {
    if (token === "time_secs") return at.toLocaleTimeString([], { timeStyle: "medium" });
    if (token === "time") return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (token.endsWith("_pretty")) return prettyDay(at);
    return at.toLocaleDateString([], { dateStyle: "medium" });
  });
  return h("time", { datetime: at.toISOString(), title: at.toString() }, words);
}

function prettyDay(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return "today";
  if (days === 1) return "yesterday";
  return at.toLocaleDateString([], { dateStyle: "medium" });
}

export function link(url, label, names) {
  const own = /^https:\/\/sandbox\.slack\.com\/archives\/([A-Z0-9]+)\/p(\d+)/.exec(url);
  if (own) {
    const ts = `${own[2].slice(0, -6)}.${own[2].slice(-6)}`;
    return h("button", { type: "button", class: "link", onclick: () => names.goTo(own[1], ts) }, label);
  }
  if (!/^(https?:|mailto:)/.test(url)) return document.createTextNode(label);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}
