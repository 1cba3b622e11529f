// The page: who you are, where you look, what is on the screen.
import { Refused, act, follow } from "./api.js";
import { h } from "./dom.js";
import { Composer } from "./composer.js";
import { Modals, confirmed } from "./modals.js";
import { showHome, showMessages } from "./messages.js";
import { showSide } from "./side.js";
import { showAudit } from "./audit.js";
import { showFincart } from "./fincart.js";
import { showGuide } from "./guide.js";
import { Panels } from "./panels.js";
import { setUpTheme } from "./theme.js";

const page = {
  person: sessionStorage.getItem("person"),
  channel: sessionStorage.getItem("channel"),
  tab: "messages",
  slack: null,
  seen: {},
  stop: () => {},
};

const find = (id) => document.getElementById(id);

// Does something as the person in front of the screen, and shows what Slack itself says to it.
async function perform(wanted, confirm, event) {
  if (confirm && !(await confirmed(find("confirm"), confirm))) return null;
  const button = event?.currentTarget;
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await act(page.person, wanted);
    if (answer.notice) toast(answer.notice, "bad");
    return answer;
  } catch (error) {
    toast(error instanceof Refused ? error.message : "The demo does not answer. Is it still running?", "bad");
    return null;
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

export function toast(words, kind = "") {
  const note = h("p", { class: `toast ${kind}` }, words);
  find("toasts").append(note);
  setTimeout(() => note.remove(), 5000);
}

function names() {
  const { people, groups, channels } = page.slack;
  const named = Object.fromEntries(channels.filter((one) => one.name).map((one) => [one.id, one.name]));
  return { people, groups, channels: named, goTo };
}

function goTo(channel, ts) {
  page.channel = channel;
  page.tab = "messages";
  sessionStorage.setItem("channel", channel);
  showView("chat");
  draw();
  if (!ts) return;
  const message = document.querySelector(`[data-key="${CSS.escape(ts)}"]`);
  message?.scrollIntoView({ block: "center" });
  message?.classList.add("pointed-at");
  setTimeout(() => message?.classList.remove("pointed-at"), 2500);
}

function be(person, channel) {
  page.person = person;
  sessionStorage.setItem("person", person);
  if (channel) page.channel = channel;
  page.stop();
  page.stop = follow(person, changed, connected);
}

function connected(is) {
  document.body.classList.toggle("cut-off", !is);
}

const panels = new Panels(["guide", "fincart", "audit"], { guide: "Try this", fincart: "Fincart", audit: "Audit" });
const composer = new Composer(
  find("compose"),
  find("hint"),
  (text) => perform({ act: "say", channel: page.channel, text }),
  () => bringUpMessages(),
);
const modals = new Modals(find("modal"), perform, () => page.person);

const tools = { perform, toast, goTo, be, composer, person: () => page.person, slack: () => page.slack, names, showView };

function changed(part, content) {
  if (part === "slack") {
    // A person who opens the bot's direct messages sees their own.
    if (page.slack && page.channel === page.slack.direct) page.channel = content.direct;
    page.slack = content;
    draw();
  } else if (!page.slack) setTimeout(() => changed(part, content), 50);
  else if (part === "fincart") showFincart(find("panel-fincart"), content, tools);
  else if (part === "audit") showAudit(find("panel-audit"), content, tools);
  else showGuide(find("panel-guide"), content, tools, panels);
}

function draw() {
  const { slack } = page;
  document.body.dataset.person = slack.me;
  const known = slack.channels.some((one) => one.id === page.channel) || page.channel === slack.direct;
  if (!known) page.channel = slack.channels[0].id;
  drawPeople();
  const shown = slack.posts.filter((post) => post.channel === page.channel);
  const seen = (page.seen[slack.me] ??= Object.fromEntries(slack.posts.map((post) => [post.ts, post.revision])));
  for (const post of shown) seen[post.ts] = post.revision;
  const news = new Set(slack.posts.filter((post) => seen[post.ts] !== post.revision).map((post) => post.channel));
  showSide(find("side"), slack, page.channel, news, (channel) => goTo(channel));
  drawPlace();
  const context = { names: names(), perform, slack };
  const isHome = page.tab === "home";
  find("messages").hidden = find("compose").hidden = isHome;
  find("home").hidden = !isHome;
  if (isHome) showHome(find("home"), slack.home, context);
  else showMessages(find("messages"), shown, slack.notices.filter((one) => one.channel === page.channel), context);
  composer.about(slack.app, placeName());
  modals.show(slack.modals, context);
}

function placeName() {
  const channel = page.slack.channels.find((one) => one.id === page.channel);
  return channel?.name ? `#${channel.name}` : page.slack.bot.name;
}

function drawPlace() {
  const { slack } = page;
  const channel = slack.channels.find((one) => one.id === page.channel);
  find("place").textContent = placeName();
  const about = !channel?.name
    ? "Your direct messages with the bot"
    : `${channel.members} members · ${channel.hasBot ? "the bot is here" : "the bot is not in this channel"}`;
  find("about").textContent = about;
  const tabs = find("tabs");
  tabs.hidden = !(slack.app.home && page.channel === slack.direct);
  if (tabs.hidden) page.tab = "messages";
  for (const button of tabs.children) button.setAttribute("aria-pressed", String(page.tab === button.dataset.tab));
}

// Whatever is put into the message box has to be seen there.
function bringUpMessages() {
  showView("chat");
  if (page.tab === "home") turn("messages");
}

function turn(tab) {
  page.tab = tab;
  draw();
  if (tab === "home") perform({ act: "home" });
}

function drawPeople() {
  const group = find("people");
  if (group.dataset.me === page.slack.me) return;
  group.dataset.me = page.slack.me;
  const hadFocus = group.contains(document.activeElement);
  group.replaceChildren(
    h("legend", {}, "You are"),
    ...page.slack.roles.map((role) =>
      h(
        "label",
        { title: `${role.full}: ${role.role}` },
        h("input", {
          type: "radio",
          name: "person",
          value: role.id,
          checked: role.id === page.slack.me,
          onchange: () => be(role.id),
        }),
        h("span", { class: "who" }, role.full.split(" ")[0]),
        h("span", { class: "role" }, role.role),
      ),
    ),
  );
  if (hadFocus) group.querySelector("input:checked").focus();
}

function showView(view) {
  find("work").dataset.view = view;
  for (const button of find("views").querySelectorAll("button"))
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
}

for (const button of find("views").querySelectorAll("button"))
  button.addEventListener("click", () => showView(button.dataset.view));
for (const button of find("tabs").children) button.addEventListener("click", () => turn(button.dataset.tab));
setUpTheme(find("theme"));
be(page.person ?? "U0ANN0001");
