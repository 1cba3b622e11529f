// The stand-in Fincart: what it can be told to do wrong, its orders with their logs, the calls it received.
import { h, reconcile } from "./dom.js";

const SWITCHES = [
  ["refuse_one", "Refuse one order", "Every call that carries it is answered 400; nothing of that call is cancelled.", true],
  ["refuse_after_rest", "Refuse after cancelling the rest", "Once: a call that carries it is answered 400, yet its other orders are cancelled.", true],
  ["drop_answer", "Break the connection after cancelling", "Once: the orders are cancelled, and no answer arrives."],
  ["hang", "Hang", "Once: the next call gets no answer until you turn this off."],
  ["rate_limit", "Rate limit", "Once: the next call is answered 429, to come again in 5 seconds."],
  ["lagging_log", "Lagging log", "Order logs show what happened only after 30 seconds."],
  ["logs_unreadable", "Logs unreadable", "Every read of an order's log is answered 500."],
  ["token_rejected", "Token rejected", "Every call is answered 403, “User is not authorized”."],
];

export function showFincart(panel, content, tools) {
  if (!panel.firstChild) panel.append(...frame(tools));
  drawSwitches(panel.querySelector(".switches"), content, tools);
  const pending = content.orders.filter((order) => order.status === "Pending").map((order) => order.id);
  panel.querySelector(".count").textContent = `${pending.length} pending of ${content.orders.length}`;
  panel.querySelector(".copies").dataset.pending = pending.join(", ");
  reconcile(panel.querySelector(".orders"), content.orders, (order) => order.id, (order, old) => row(order, old, tools));
  reconcile(panel.querySelector(".calls"), content.calls, (call) => String(call.number), call);
  panel.querySelector(".no-calls").hidden = content.calls.length > 0;
}

function frame(tools) {
  return [
    h("p", { class: "lead" }, "A stand-in for Fincart: it cancels pending orders, keeps their logs, and goes wrong when you ask it to."),
    h("h3", {}, "Make it go wrong"),
    h("ul", { class: "switches" }),
    h("h3", {}, "Orders ", h("span", { class: "count" })),
    h("div", { class: "copies" }, [2, 3, 12].map((count) => copyPending(count, tools))),
    h("p", {}, h("a", { href: "/sample/orders.csv", download: "orders.csv" }, "A sample CSV of five orders"), " for the form."),
    h("ul", { class: "orders" }),
    h("h3", {}, "Calls received"),
    h("p", { class: "no-calls" }, "None yet. Nothing is sent before somebody confirms."),
    h("ol", { class: "calls" }),
  ];
}

function drawSwitches(list, content, tools) {
  const orders = content.orders.filter((order) => order.status === "Pending");
  const items = SWITCHES.map(([name, label, help, needsOrder]) => ({
    name,
    label,
    help,
    needsOrder: Boolean(needsOrder),
    on: name in content.switches,
    order: content.switches[name] ?? "",
    choice: needsOrder && !(name in content.switches) ? orders.map(({ id, reference }) => ({ id, reference })) : [],
  }));
  reconcile(list, items, (item) => item.name, (item, old) => switchItem(item, old, tools));
}

function switchItem(item, old, tools) {
  const id = `switch-${item.name}`;
  const chosen = old?.querySelector("select")?.value;
  const choice = item.needsOrder && !item.on
    ? h("select", { "aria-label": `Order for: ${item.label}` }, item.choice.map((order) => h("option", { value: order.id, selected: order.id === chosen }, `${order.reference} · ${order.id}`)))
    : null;
  const box = h("input", {
    type: "checkbox",
    role: "switch",
    id,
    checked: item.on,
    "aria-describedby": `${id}-help`,
    onchange: async (event) => {
      const done = await tools.perform({ act: "switch", switch: item.name, on: event.target.checked, order: choice?.value });
      if (!done) event.target.checked = !event.target.checked;
    },
  });
  const order = item.order ? h("code", {}, item.order) : null;
  return h("li", {}, h("label", { for: id }, box, item.label), h("p", { id: `${id}-help` }, item.help, " ", order), choice);
}

function row(order, old, tools) {
  const isPending = order.status === "Pending";
  return h(
    "li",
    {},
    h(
      "details",
      { open: old?.querySelector("details")?.open ?? false },
      h(
        "summary",
        {},
        h("span", { class: "order-id" }, order.id),
        h("span", { class: `pill ${order.status.toLowerCase()}` }, order.status),
        h("span", { class: "what" }, `${order.reference} ${order.what}`),
      ),
      h("ol", { class: "log" }, order.log.map((line) => h("li", {}, h("time", {}, new Date(line.at).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" })), ` ${line.title}: ${line.description} (${line.by})`))),
      h(
        "p",
        { class: "row-acts" },
        h("button", { type: "button", class: "button small", onclick: () => copy(order.id, order.id, tools) }, "Copy id"),
        h("button", { type: "button", class: "button small", onclick: () => tools.composer.add(order.id) }, "Add to the message box"),
        isPending ? h("button", { type: "button", class: "button small", onclick: () => tools.perform({ act: "move", order: order.id }) }, "Let the courier collect it") : null,
      ),
    ),
  );
}

function call(one) {
  const kind = one.path.endsWith("/cancel") ? `cancel ${one.orders} ${one.orders === 1 ? "order" : "orders"}` : "read a log";
  const applied = one.path.endsWith("/cancel") ? `, ${one.applied} cancelled` : "";
  return h(
    "li",
    { class: one.answer === "200" ? "" : "bad" },
    h("span", { class: "answer" }, one.answer),
    h("span", {}, `${one.number}. ${kind}${applied}`),
    h("code", { title: one.path }, `${one.method} ${one.path}`),
  );
}

function copyPending(count, tools) {
  const press = (event) => {
    const pending = event.currentTarget.parentElement.dataset.pending.split(", ").filter(Boolean).slice(0, count);
    copy(pending.join(", "), `${pending.length} pending ${pending.length === 1 ? "id" : "ids"}`, tools);
  };
  return h("button", { type: "button", class: "button small", onclick: press }, `Copy ${count} pending ids`);
}

async function copy(text, what, tools) {
  try {
    await navigator.clipboard.writeText(text);
    tools.toast(`Copied ${what}.`);
  } catch {
    tools.composer.add(text);
    tools.toast("This browser does not let the page copy; the ids are in the message box.");
  }
}
