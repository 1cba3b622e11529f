// The interactive elements of Block Kit. What is pressed goes to `context.act`, what is filled in is read by `values`.
import { h } from "./dom.js";
import { notRendered, text } from "./blocks.js";

export function element(one, block, context) {
  const render = ELEMENTS[one.type];
  return render ? render(one, block, context) : notRendered(`element ${one.type}`);
}

// What is filled in, as {block_id: value}; files are chosen files, to be uploaded by the caller.
export function values(root) {
  const filled = {};
  for (const control of root.querySelectorAll("[data-value]")) {
    const name = control.dataset.value;
    if (control.type === "file") filled[name] = [...control.files];
    else if (control.type === "checkbox") {
      filled[name] ??= [];
      if (control.checked) filled[name].push(control.value);
    } else if (control.type === "radio") {
      if (control.checked) filled[name] = control.value;
    } else if (control.value !== "") filled[name] = control.value;
  }
  return filled;
}

const ELEMENTS = {
  button: (one, block, context) =>
    h(
      "button",
      {
        type: "button",
        class: `button ${one.style ?? ""}`,
        "aria-label": one.accessibility_label,
        onclick: (event) => context.act({ act: "click", action: one.action_id, value: one.value }, one.confirm, event),
      },
      text(one.text, context),
    ),
  plain_text_input: (one, block, context) => {
    const common = { ...field(block, context), maxlength: one.max_length ?? 3000, placeholder: one.placeholder?.text };
    const control = one.multiline ? h("textarea", { ...common, rows: 5 }) : h("input", { ...common, type: "text" });
    control.value = one.initial_value ?? "";
    return control;
  },
  number_input: (one, block, context) =>
    h("input", {
      ...field(block, context),
      type: "text",
      inputmode: "numeric",
      value: one.initial_value,
      placeholder: one.placeholder?.text,
    }),
  file_input: (one, block, context) =>
    h("input", {
      ...field(block, context),
      type: "file",
      accept: (one.filetypes ?? []).map((kind) => `.${kind}`).join(","),
      multiple: (one.max_files ?? 10) > 1,
    }),
  static_select: (one, block, context) => select(one, block, context, one.initial_option?.value),
  overflow: (one, block, context) => select(one, block, context, undefined, "More"),
  users_select: (one, block, context) => {
    const options = Object.entries(context.names.people).map(([id, name]) => ({ value: id, text: { text: `@${name}` } }));
    return select({ ...one, options }, block, context, one.initial_user);
  },
  datepicker: (one, block, context) =>
    h("input", { ...field(block, context), type: "date", value: one.initial_date, onchange: chosen(one, block, context) }),
  checkboxes: (one, block, context) => choices("checkbox", one, block, context, one.initial_options ?? []),
  radio_buttons: (one, block, context) =>
    choices("radio", one, block, context, one.initial_option ? [one.initial_option] : []),
};

function field(block, context) {
  return {
    id: context.id,
    "data-value": block.block_id,
    "aria-describedby": context.described,
    "aria-invalid": context.invalid ? "true" : null,
    class: "field",
  };
}

function select(one, block, context, initial, label) {
  const groups = one.option_groups ?? [{ options: one.options }];
  const empty = initial === undefined ? [h("option", { value: "" }, label ?? one.placeholder?.text ?? "Choose")] : [];
  const options = groups.flatMap((group) => group.options);
  const control = h(
    "select",
    { ...field(block, context), "aria-label": context.id ? null : label ?? one.placeholder?.text ?? "Choose" },
    empty,
    options.map((option) =>
      h("option", { value: option.value, selected: option.value === initial }, option.text.text),
    ),
  );
  control.addEventListener("change", chosen(one, block, context));
  return control;
}

function chosen(one, block, context) {
  return (event) => {
    if (block.type !== "input" && event.target.value)
      context.act({ act: "choose", action: one.action_id, value: event.target.value }, one.confirm, event);
  };
}

function choices(kind, one, block, context, initial) {
  const chosenValues = new Set(initial.map((option) => option.value));
  return h(
    "div",
    { class: "choices", role: kind === "radio" ? "radiogroup" : "group" },
    one.options.map((option) =>
      h(
        "label",
        {},
        h("input", {
          type: kind,
          name: `${context.prefix}-${block.block_id}`,
          value: option.value,
          checked: chosenValues.has(option.value),
          "data-value": block.block_id,
          onchange: chosen(one, block, context),
        }),
        h("span", {}, text(option.text, context)),
      ),
    ),
  );
}
