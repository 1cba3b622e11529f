// The gallery: each message as blocks, and beside it the text that screen readers and notifications read.
import { h } from "./dom.js";
import { blocks } from "./blocks.js";
import { setUpTheme } from "./theme.js";

const response = await fetch("/api/gallery");
const { names, samples } = await response.json();
names.goTo = () => {};

function sample(one, number) {
  const context = { names, prefix: `g${number}`, heading: "h3", act: () => {} };
  const { content } = one;
  const title = one.surface === "modal" ? h("p", { class: "view-title" }, content.title.text) : null;
  return h(
    "section",
    { class: "sample", "aria-labelledby": `sample-${number}` },
    h("h2", { id: `sample-${number}` }, one.name, h("code", {}, one.builder)),
    h("div", { class: "content", role: "group", "aria-label": "As shown" }, title, blocks(content.blocks, context)),
    content.text ? h("details", {}, h("summary", {}, "Its text"), h("pre", {}, content.text)) : null,
  );
}

document.getElementById("samples").append(...samples.map(sample));
setUpTheme(document.getElementById("theme"));
