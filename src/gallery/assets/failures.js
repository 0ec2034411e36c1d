"use strict";
// What could not be had, and why: by reason, then one by one.
const Failures = {
  perPage: 50,
  turn: 0,

  total() {
    return Data.summary.failures.reduce((sum, { count }) => sum + count, 0);
  },

  address(reason, page) {
    const parameters = new URLSearchParams();
    if (reason) parameters.set("reason", reason);
    if (page > 1) parameters.set("page", page);
    const text = parameters.toString();
    return text ? `#/failures?${text}` : "#/failures";
  },

  async show(parameters) {
    const turn = ++this.turn;
    const heading = make("h1", { tabindex: "-1" }, "Failures");
    const reasons = [...Data.summary.failures].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    if (!reasons.length) {
      Page.show("Failures", heading, this.reports(), Page.empty("Nothing failed", "Every picture that is wanted is held, or has not been tried yet."));
      return;
    }
    const asked = reasons.find(({ reason }) => reason === parameters.get("reason"));
    const listed = asked ? [asked] : reasons;
    const total = listed.reduce((sum, { count }) => sum + count, 0);
    const pages = Math.ceil(total / this.perPage);
    const page = Math.min(Math.max(1, Number.parseInt(parameters.get("page"), 10) || 1), pages);
    const rows = await this.rows(listed, (page - 1) * this.perPage, this.perPage);
    if (turn !== this.turn) return;
    Page.say(Words.many(total, "failure", "failures"));
    Page.show("Failures", heading,
      make("p", { class: "lead" }, "An older picture, where there is one, stays published. Each run tries again."), this.reports(),
      make("ul", { class: "reasons" }, reasons.map((reason) => this.reason(reason, asked))),
      make("div", { class: "title" }, make("h2", {}, asked ? Words.reason(asked.reason) : "One by one"),
        asked ? make("a", { class: "button", href: "#/failures" }, "Show all reasons") : null),
      this.table(rows), Page.pager(page, pages, (to) => this.address(asked && asked.reason, to)));
  },

  // The reports beside the gallery, for a spreadsheet or a program.
  reports() {
    const { reports } = Data.summary;
    const kinds = [["missing", "Codes without a picture"], ["duplicates", "Pictures there more than once"]];
    const lines = kinds.map(([start, title]) => [title, reports.filter((name) => name.startsWith(`${start}.`))]).filter(([, names]) => names.length);
    if (!lines.length) return null;
    return make("section", { class: "panel" }, make("h2", {}, "Reports"), Picture.list(lines.map(([title, names]) =>
      [title, names.flatMap((name, i) => [i ? ", " : "", make("a", { href: `../${encodeURIComponent(name)}` }, name)])])));
  },

  reason({ reason, count, meaning, to_do }, asked) {
    return make("li", { class: "panel" },
      make("div", { class: "title" }, make("h2", {}, make("a", { href: this.address(reason, 1), "aria-current": asked && asked.reason === reason ? "true" : null }, Words.reason(reason))),
        make("span", { class: "badge failed" }, Words.count(count))),
      make("p", {}, meaning.charAt(0).toUpperCase() + meaning.slice(1) + "."), make("p", { class: "quiet" }, to_do));
  },

  // The files of the reasons, one after the other, as one list.
  async rows(reasons, from, count) {
    const rows = [];
    let start = 0;
    for (const reason of reasons) {
      const places = [];
      for (let place = Math.max(from, start); place < Math.min(from + count, start + reason.count); ++place) places.push(place - start);
      if (places.length)
        for (const row of await Data.rowsAt(`failed-${reason.reason}`, reason.files, places)) rows.push([reason.reason, ...row]);
      start += reason.count;
    }
    return rows;
  },

  table(rows) {
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Failed pictures" }, make("table", { class: "wide" },
      make("thead", {}, make("tr", {}, ["Picture", "Format", "Reason", "What was said", "Last attempt", "Requests"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, rows.map(([reason, id, format, detail, at, tries, url, older]) => make("tr", {},
        make("td", {}, make("a", { href: `#/picture/${id}` }, id)), make("td", {}, format),
        make("td", {}, Page.badge("failed", Words.reason(reason)), older ? make("span", { class: "quiet block" }, "older picture shown") : null),
        make("td", { class: "said" }, detail || "–", make("span", { class: "quiet block url" }, url)),
        make("td", { class: "when" }, at ? Words.time(at) : "–"), make("td", { class: "number" }, tries))))));
  },
};
