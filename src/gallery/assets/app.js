"use strict";
// Which view the address names, the strip of totals, the keys.
const App = {
  async start() {
    document.getElementById("theme").addEventListener("click", () => {
      Theme.next();
      this.nameTheme();
    });
    this.nameTheme();
    document.getElementById("skip").addEventListener("click", (event) => {
      event.preventDefault(); // the address is the view's
      Page.main.focus();
    });
    try {
      await Data.start();
    } catch (error) {
      Page.show("Not complete", Page.empty("The gallery is not complete", error.message));
      return;
    }
    this.strip();
    addEventListener("hashchange", () => this.route());
    addEventListener("keydown", (event) => this.key(event));
    await this.route(true);
    document.documentElement.dataset.ready = "";
    // Typing should find at once: what search needs comes while nothing else happens.
    const idle = window.requestIdleCallback || ((callback) => setTimeout(callback, 500));
    idle(() => Data.loadIndex().catch(() => {}));
  },

  nameTheme() {
    const name = { auto: "Auto", light: "Light", dark: "Dark" }[Theme.current];
    document.getElementById("theme-name").textContent = name;
    document.getElementById("theme").setAttribute("aria-label", `Theme: ${name}. Change it`);
  },

  strip() {
    const { totals, runs, version } = Data.summary;
    const last = runs[runs.length - 1];
    const failed = Failures.total();
    const badge = document.getElementById("failure-count");
    badge.hidden = failed === 0;
    badge.textContent = Words.count(failed);
    const tile = (name, value) => make("div", { class: "tile" }, make("dt", {}, name), make("dd", {}, value));
    document.getElementById("strip").replaceChildren(make("dl", {},
      tile("Pictures", Words.count(totals.media)),
      totals.products ? tile("Products", Words.count(totals.products)) : null,
      tile("Published files", Words.count(totals.files)),
      tile("Published size", Words.bytes(totals.bytes)),
      tile("Failures", failed === 0 ? "None" : make("a", { href: "#/failures" }, Words.count(failed))),
      tile("Last run", last ? [Page.badge(Runs.mood(last), Runs.outcome(last)), make("span", { class: "quiet when" }, ` ${Words.time(last.started)}`)] : "None yet")));
    document.getElementById("foot").textContent = `Made by medimirror ${version}. This page loads nothing from other places.`;
  },

  async route(first) {
    const [path, text] = location.hash.replace(/^#\/?/, "").split("?", 2);
    const parameters = new URLSearchParams(text || "");
    const [view, name] = path.split("/", 2);
    const current = { picture: "pictures", product: "pictures", failures: "failures", runs: "runs" }[view] || "pictures";
    for (const link of document.querySelectorAll("nav [data-view]"))
      if (link.dataset.view === current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    const changed = this.view !== undefined && this.view !== view;
    const page = parameters.get("page");
    const paged = this.view === view && this.page !== page;
    this.view = view;
    this.page = page;
    ++Pictures.turn, ++Picture.turn, ++ProductView.turn, ++Failures.turn; // what an older view still loads is dropped
    try {
      if (view === "picture") await Picture.show(Number(name));
      else if (view === "product") await ProductView.show(decodeURIComponent(name || ""));
      else if (view === "failures") await Failures.show(parameters);
      else if (view === "runs") Runs.show();
      else await Pictures.show(parameters);
    } catch (error) {
      Page.show("Not complete", Page.empty("Something is missing", error.message));
    }
    if (first || view === "picture" || view === "product") return;
    if (paged) window.scrollTo(0, 0);
    // Who does not see the page hears where they are; a card that was opened takes the focus back itself.
    if (changed && !document.activeElement.closest(".grid")) {
      const heading = Page.main.querySelector("h1");
      if (heading) heading.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  },

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea, .scroll");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      if (this.view === "pictures" || !this.view) Pictures.search.focus();
      else location.hash = "#/pictures";
    } else if (this.view === "picture" && !typing) {
      if (event.key === "Escape") location.hash = Pictures.shownHash;
      if (event.key === "ArrowLeft" && Picture.before !== undefined) location.hash = `#/picture/${Picture.before}`;
      if (event.key === "ArrowRight" && Picture.after !== undefined) location.hash = `#/picture/${Picture.after}`;
    }
  },
};
App.start();
