// Makes elements. Text always goes in as text nodes, never as markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Bring a list of keyed items onto the screen, touching only what has changed, so that focus and scrolling stay.
export function reconcile(parent, items, keyOf, make) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const state = JSON.stringify(item);
    let child = present.get(key);
    present.delete(key);
    if (!child || child.dataset.state !== state) {
      const fresh = make(item, child);
      fresh.dataset.key = key;
      fresh.dataset.state = state;
      if (child) {
        const hadFocus = child.contains(document.activeElement);
        if (place === child) place = child.nextElementSibling;
        child.replaceWith(fresh);
        if (hadFocus) {
          fresh.setAttribute("tabindex", "-1");
          fresh.focus({ preventScroll: true });
        }
      }
      child = fresh;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of present.values()) child.remove();
}

export function time(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
