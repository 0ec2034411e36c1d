"use strict";
// Making elements, and saying things as people say them. Text from outside only ever becomes text: nothing here, and
// nothing in the views, parses markup.

// make("a", {href: "#", class: "x", onclick: f}, child, …): children are elements or text; null is left out.
function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

const kStates = {
  held: "In the mirror",
  wanted: "Waiting",
  failed: "Failed",
  retired: "No longer listed",
  link: "Link only",
  not_selected: "Not selected",
};

const kProblems = {
  older_picture: "Older picture shown",
  other_format: "Another format than asked for",
  oddity: "Kept with a note",
  duplicate: "Duplicate",
  placeholder: "Placeholder, probably",
};

const kReasons = {
  html_page: "Web page instead of a picture",
  empty: "Nothing came",
  not_an_image: "Not a picture",
  unsupported: "Kind of picture not taken",
  truncated: "Ends early",
  damaged: "Damaged",
  too_large: "Too large",
  wrong_digest: "Wrong checksum",
  connect: "No connection",
  reset: "Connection cut",
  short_body: "Transfer ended early",
  resolve: "Host name unknown",
  tls: "Secure connection failed",
  timeout_connect: "No answer in time",
  timeout_stall: "Transfer stood still",
  timeout_total: "Transfer took too long",
  fetched: "Fetched",
  not_modified: "Not modified",
  breaker: "Host left in peace",
};

const kOutcomes = {
  done: "Done",
  partial: "Finished, some failed",
  failed: "Failed",
  interrupted: "Interrupted",
  safety_limit: "Stopped by a safety limit",
};

const Words = {
  number: new Intl.NumberFormat("en", { useGrouping: true }),

  count(number) {
    return this.number.format(number).replaceAll(",", "\u202f");
  },

  many(number, one, more) {
    return `${this.count(number)} ${number === 1 ? one : more}`;
  },

  bytes(bytes) {
    if (bytes < 1000) return `${bytes} B`;
    let value = bytes;
    for (const unit of ["KB", "MB", "GB", "TB"]) {
      value /= 1000;
      if (value < 999.5 || unit === "TB") return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
    }
    return "";
  },

  time(seconds) {
    const date = new Date(seconds * 1000);
    if (Number.isNaN(date.getTime())) return String(seconds);
    return date.toISOString().replace("T", " ").slice(0, 16) + " UTC";
  },

  date(seconds) {
    return this.time(seconds).slice(0, 10);
  },

  duration(seconds) {
    if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  },

  // "html_page" -> "Html page", "http_404" -> "HTTP 404"
  reason(name) {
    if (kProblems[name] || kReasons[name]) return kProblems[name] || kReasons[name];
    const http = /^http_(\d+)$/.exec(name);
    if (http) return `HTTP ${http[1]}`;
    const words = name.replaceAll("_", " ");
    return words.replace(/^html/, "HTML").replace(/^tls/, "TLS").replace(/^url/, "URL").replace(/^[a-z]/, (c) => c.toUpperCase());
  },

  kind(name) {
    return name ? name.replaceAll("_", " ").replace(/^[a-z]/, (c) => c.toUpperCase()) : "Not given";
  },

  language(code) {
    try {
      return `${new Intl.DisplayNames(["en"], { type: "language" }).of(code)} (${code})`;
    } catch {
      return code; // not every text that comes as a language is one
    }
  },
};

const Page = {
  main: document.getElementById("main"),

  // A short word for those who do not see the page change.
  say(text) {
    document.getElementById("live").textContent = text;
  },

  show(title, ...children) {
    document.title = `${title} · Picture gallery`;
    this.main.replaceChildren(...children.flat().filter((child) => child));
  },

  empty(title, sentence, ...more) {
    return make("div", { class: "empty" },
      makeSvg("svg", { viewBox: "0 0 48 48", width: 48, height: 48, "aria-hidden": "true", class: "icon" },
        makeSvg("rect", { x: 6, y: 10, width: 36, height: 28, rx: 4 }),
        makeSvg("path", { d: "M6 32l10-9 8 7 7-6 11 9" }),
        makeSvg("circle", { cx: 17, cy: 18, r: 3 })),
      make("h2", {}, title), make("p", {}, sentence), ...more);
  },

  badge(state, text) {
    return make("span", { class: `badge ${state}` }, text || kStates[state] || state);
  },

  // Only these are worth a click; anything else that claims to be an address stays text.
  link(url) {
    if (!/^https?:\/\//i.test(url)) return make("span", { class: "url" }, url);
    return make("a", { class: "url", href: url, rel: "noreferrer noopener", target: "_blank" }, url);
  },

  // A picture in a box of its proportions, so that nothing moves when it comes.
  image(path, width, height, text, attributes = {}) {
    const image = make("img", { src: Data.address(path), alt: text, width, height, decoding: "async", ...attributes });
    image.addEventListener("error", () => {
      image.replaceWith(make("span", { class: "missing" }, "The file is not where it was published"));
    });
    return image;
  },

  pager(page, pages, addressOf) {
    if (pages <= 1) return null;
    const shown = new Set([1, pages, page - 1, page, page + 1].filter((one) => one >= 1 && one <= pages));
    const items = [];
    let before = 0;
    for (const one of [...shown].sort((a, b) => a - b)) {
      if (one - before > 1) items.push(make("li", { class: "gap", "aria-hidden": "true" }, "…"));
      items.push(make("li", {}, make("a", {
        href: addressOf(one), "aria-current": one === page ? "page" : null, "aria-label": `Page ${one}` }, Words.count(one))));
      before = one;
    }
    const step = (to, text) => to >= 1 && to <= pages
      ? make("a", { class: "step", href: addressOf(to) }, text) : make("span", { class: "step off" }, text);
    return make("nav", { class: "pager", "aria-label": "Pages" },
      step(page - 1, "Previous"), make("ol", {}, items), step(page + 1, "Next"));
  },
};
