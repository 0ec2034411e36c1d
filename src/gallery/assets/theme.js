"use strict";
// The theme: that of the system, unless the reader has chosen one. Runs before the first paint, so nothing flashes.
const Theme = {
  names: ["auto", "light", "dark"],
  current: "auto",

  // Storage may be forbidden, from disk above all: the choice then lasts as long as the page.
  start() {
    try {
      this.set(localStorage.getItem("theme"));
    } catch {
      this.set("auto");
    }
  },

  set(name) {
    this.current = this.names.includes(name) ? name : "auto";
    document.documentElement.dataset.theme = this.current;
  },

  next() {
    this.set(this.names[(this.names.indexOf(this.current) + 1) % this.names.length]);
    try {
      localStorage.setItem("theme", this.current);
    } catch {
      // it lasts as long as the page
    }
  },
};
Theme.start();
