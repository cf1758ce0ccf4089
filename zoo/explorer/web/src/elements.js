/** Small helpers for the page's elements. */

let count = 0;

/** An element with attributes and children; a function is a listener, null an attribute left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** An identifier that the page has once. */
export function unique(name) {
  count += 1;
  return `${name}-${count}`;
}

/** A section with a heading, a sentence, and what it holds. */
export function card(name, title, sentence, ...children) {
  const heading = make("h2", { id: `${name}-title` }, title);
  return make(
    "section",
    { id: name, class: "card", "aria-labelledby": heading.id },
    heading,
    make("p", { class: "hint" }, sentence),
    ...children,
  );
}

/** What is looked at, and its controls beside it, or below where there is no room. */
export function beside(shown, controls, kind = "controls") {
  return make("div", { class: "beside" }, shown, make("div", { class: kind }, ...controls));
}

/** A field for a whole number, which may be longer than a number of JavaScript. */
export function wholeNumber(value, attributes) {
  return make("input", { type: "text", inputmode: "numeric", autocomplete: "off", value, ...attributes });
}

/** A label above a control. */
export function labelled(text, control) {
  control.id ||= unique("control");
  return make("div", { class: "field" }, make("label", { for: control.id }, text), control);
}

export function button(text, onClick, attributes = {}) {
  return make("button", { type: "button", click: onClick, ...attributes }, text);
}

/** A function that runs one call at a time, and of those that wait meanwhile the newest alone. */
export function latest(work) {
  let running = false;
  let next = null;
  return async function ask(...given) {
    next = given;
    if (running) return;
    running = true;
    try {
      while (next) {
        const taken = next;
        next = null;
        await work(...taken);
      }
    } finally {
      running = false;
    }
  };
}

/** A number in a few digits. */
export function short(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const tiny = size !== 0 && size < 0.5 * 10 ** -digits;
  const text = tiny && digits > 0 ? value.toExponential(1) : value.toFixed(size >= 1000 ? 0 : digits);
  return text.replace("-", "−");
}
