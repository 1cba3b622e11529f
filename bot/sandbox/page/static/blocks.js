// Block Kit as DOM nodes: every block and element the bot sends; anything else is marked as not rendered.
import { chart } from "./charts.js";
import { h } from "./dom.js";
import { channelLink, date, link, mention, mrkdwn } from "./mrkdwn.js";
import { element } from "./elements.js";

export function blocks(list, context) {
  return list.map((block) => {
    const render = BLOCKS[block.type];
    const node = render ? render(block, context) : notRendered(`block ${block.type}`);
    node.classList.add("block");
    return node;
  });
}

export function notRendered(what) {
  return h("div", { class: "not-rendered", role: "note" }, `NOT RENDERED: ${what}`);
}

export function text(object, context) {
  return object.type === "mrkdwn" ? mrkdwn(object.text, context.names) : lines(object.text);
}

function lines(words) {
  return words.split("\n").flatMap((line, number) => (number ? [h("br"), line] : [line]));
}

const BLOCKS = {
  header: (block, context) => h(context.heading ?? "h3", { class: "header" }, text(block.text, context)),
  divider: () => h("hr"),
  section: (block, context) =>
    h(
      "div",
      { class: "section" },
      h(
        "div",
        { class: "section-text" },
        block.text ? h("div", {}, text(block.text, context)) : null,
        block.fields ? h("div", { class: "fields" }, block.fields.map((one) => h("div", {}, text(one, context)))) : null,
      ),
      block.accessory ? element(block.accessory, block, context) : null,
    ),
  context: (block, context) =>
    h(
      "div",
      { class: "context" },
      block.elements.map((one) => (one.type === "image" ? notRendered("image") : h("span", {}, text(one, context)))),
    ),
  actions: (block, context) =>
    h("div", { class: "actions" }, block.elements.map((one) => element(one, block, context))),
  rich_text: (block, context) => h("div", { class: "rich" }, block.elements.map((part) => rich(part, context))),
  alert: (block, context) => h("div", { class: `alert ${block.level ?? "default"}` }, text(block.text, context)),
  input: (block, context) => input(block, context),
  table: (block, context) => {
    const headed = block.rows[0].length > 2;
    const head = headed ? h("thead", {}, tableRow("th", block.rows[0], block, context)) : null;
    const rows = block.rows.slice(headed ? 1 : 0).map((row) => tableRow("td", row, block, context));
    return h("table", { class: "kit-table" }, head, h("tbody", {}, rows));
  },
  data_visualization: chart,
  container: (block, context) => {
    const title = block.rich_text_title
      ? block.rich_text_title.elements.map((part) => rich(part, context))
      : text(block.title, context);
    const inside = blocks(block.child_blocks, context);
    const subtitle = block.subtitle ? h("div", { class: "context" }, text(block.subtitle, context)) : null;
    if (!block.is_collapsible) return h("div", { class: "container" }, h("strong", {}, title), subtitle, inside);
    return h(
      "details",
      { class: "container", open: !block.default_collapsed },
      h("summary", {}, title),
      subtitle,
      inside,
    );
  },
};

function tableRow(tag, row, block, context) {
  const cells = row.map((cell, column) =>
    h(tag, { class: block.column_settings?.[column]?.align ?? "left" }, cellContent(cell, context)),
  );
  return h("tr", {}, cells);
}

function cellContent(cell, context) {
  if (cell.type === "rich_text") return cell.elements.map((part) => rich(part, context));
  return cell.type === "raw_text" ? cell.text : notRendered(`cell ${cell.type}`);
}

function input(block, context) {
  const id = `${context.prefix}-${block.block_id}`;
  const error = context.errors?.[block.block_id];
  const hint = block.hint ? h("p", { class: "hint", id: `${id}-hint` }, text(block.hint, context)) : null;
  const described = [block.hint ? `${id}-hint` : "", `${id}-error`].filter(Boolean).join(" ");
  const control = element(block.element, block, { ...context, id, described, invalid: Boolean(error) });
  return h(
    "div",
    { class: `input ${error ? "wrong" : ""}`, "data-block": block.block_id },
    h(
      "label",
      { for: id },
      text(block.label, context),
      block.optional ? h("span", { class: "optional" }, " (optional)") : null,
    ),
    control,
    h("p", { class: "error", id: `${id}-error`, role: "alert" }, error ?? ""),
    hint,
  );
}

function rich(part, context) {
  switch (part.type) {
    case "rich_text_section":
      return h("p", {}, inline(part.elements, context));
    case "rich_text_list":
      return h(
        part.style === "ordered" ? "ol" : "ul",
        part.offset ? { start: part.offset + 1 } : {},
        part.elements.map((item) => h("li", {}, inline(item.elements, context))),
      );
    case "rich_text_quote":
      return h("blockquote", {}, inline(part.elements, context));
    case "rich_text_preformatted":
      return h("pre", {}, inline(part.elements, context));
    default:
      return notRendered(part.type);
  }
}

function inline(parts, context) {
  return parts.map((part) => styled(inlineOne(part, context), part.style));
}

function inlineOne(part, { names }) {
  switch (part.type) {
    case "text":
      return lines(part.text);
    case "user":
      return mention(`@${names.people[part.user_id] ?? part.user_id}`);
    case "usergroup":
      return mention(`@${names.groups[part.usergroup_id] ?? part.usergroup_id}`);
    case "channel":
      return channelLink(part.channel_id, names);
    case "link":
      return link(part.url, part.text ?? part.url, names);
    case "date":
      return date(part.timestamp, part.format, part.fallback);
    case "broadcast":
      return mention(`@${part.range}`, "ping");
    default:
      return notRendered(`text element ${part.type}`);
  }
}

function styled(nodes, style) {
  let made = nodes;
  for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]])
    if (style?.[name]) made = h(tag, {}, made);
  return made;
}
