// A chart as bars: every number stands beside its bar, so that nobody has to tell colours apart.
import { h } from "./dom.js";

export function chart({ title, chart: drawn }) {
  const series = drawn.series ?? [{ name: "", data: drawn.segments }];
  const most = Math.max(1, ...series.flatMap((one) => one.data.map((point) => Math.abs(point.value))));
  const groups = series[0].data.map((point, number) =>
    h(
      "li",
      {},
      h("strong", {}, point.label),
      h("ul", {}, series.map((one, which) => bar(one.name, one.data[number].value, most, which))),
    ),
  );
  return h("figure", { class: "chart" }, h("figcaption", {}, title), h("ul", {}, groups));
}

function bar(name, value, most, which) {
  const filled = h("span", { class: `bar of-${which}`, "aria-hidden": "true" });
  filled.style.width = `${(100 * Math.abs(value)) / most}%`;
  return h(
    "li",
    {},
    h("span", { class: "bar-name" }, name),
    h("span", { class: "bar-room" }, filled),
    h("span", { class: "bar-value" }, value.toLocaleString("en")),
  );
}
