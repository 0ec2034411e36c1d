"use strict";
// The last runs: four small charts, and the same figures as a table, which is what a screen reader gets.
const Runs = {
  charts: [
    { name: "Pictures fetched", of: (run) => run.fetched, say: (value) => Words.count(value) },
    { name: "Downloaded", of: (run) => run.bytes, say: (value) => Words.bytes(value) },
    { name: "Failures", of: (run) => run.failed, say: (value) => Words.count(value), bad: true },
    { name: "Duration", of: (run) => run.seconds, say: (value) => Words.duration(value) },
  ],

  outcome(run) {
    if (run.exit === 7) return "Service out of reach";
    if (run.outcome) return kOutcomes[run.outcome] || Words.kind(run.outcome);
    return run.exit === 0 ? "Done" : `Ended with ${run.exit}`;
  },

  mood(run) {
    return run.exit === 0 ? "held" : run.exit === 3 || run.exit === 7 ? "note" : run.exit === 130 ? "wanted" : "failed";
  },

  show() {
    const { runs } = Data.summary;
    const heading = make("h1", { tabindex: "-1" }, "Runs");
    if (!runs.length) {
      Page.show("Runs", heading, Page.empty("No run yet", "The first sync will be shown here."));
      return;
    }
    const last = runs[runs.length - 1];
    Page.show("Runs", heading,
      make("section", { class: "panel" }, make("div", { class: "title" }, make("h2", {}, `Last run, number ${Words.count(last.run)}`), Page.badge(this.mood(last), this.outcome(last))),
        make("p", {}, `${Words.time(last.started)}, took ${Words.duration(last.seconds)}; the listing was ${last.complete ? "complete" : "not complete"}.`),
        last.error ? make("p", { class: "error" }, last.error) : null,
        last.notes.length ? make("ul", { class: "notes" }, last.notes.map((note) => make("li", {}, note))) : null),
      make("div", { class: "charts" }, this.charts.map((chart) => this.chart(chart, runs))), this.table(runs));
  },

  // Bars from old to new. Hovering tells one; the table below tells all.
  chart({ name, of, say, bad }, runs) {
    const values = runs.map(of);
    const most = Math.max(...values, 0);
    const width = 320, height = 96, slot = width / Math.max(runs.length, 10);
    const bars = values.map((value, i) => {
      const tall = most > 0 ? Math.max(value > 0 ? 3 : 1, value / most * height) : 1;
      return makeSvg("rect", { class: bad && value > 0 ? "column bad" : value > 0 ? "column" : "column none", x: (i * slot + slot * 0.14).toFixed(2), y: (height - tall).toFixed(2),
        width: (slot * 0.72).toFixed(2), height: tall.toFixed(2), rx: 2 },
      makeSvg("title", {}, `Run ${runs[i].run}, ${Words.date(runs[i].started)}: ${say(value)}`));
    });
    return make("figure", { class: "panel chart" },
      make("figcaption", {}, make("span", { class: "quiet" }, name), make("strong", {}, say(values[values.length - 1]))),
      makeSvg("svg", { viewBox: `0 0 ${width} ${height + 1}`, role: "img", "aria-label": `${name} of the last ${Words.many(runs.length, "run", "runs")}: last ${say(values[values.length - 1])}, most ${say(most)}` },
        bars, makeSvg("line", { class: "axis", x1: 0, x2: width, y1: height + 0.5, y2: height + 0.5 })),
      make("p", { class: "quiet small" }, `most: ${say(most)}`));
  },

  table(runs) {
    const columns = ["Run", "Started", "Outcome", "Duration", "Listed", "Fetched", "Unchanged", "Failed", "Retired", "Downloaded", "Published"];
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs" }, make("table", { class: "wide" },
      make("caption", {}, `The last ${Words.many(runs.length, "run", "runs")}, newest first`),
      make("thead", {}, make("tr", {}, columns.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, [...runs].reverse().map((run) => make("tr", {},
        make("td", { class: "number" }, Words.count(run.run)), make("td", { class: "when" }, Words.time(run.started)),
        make("td", {}, Page.badge(this.mood(run), this.outcome(run)), run.complete ? null : make("span", { class: "quiet block" }, "listing not complete")),
        [Words.duration(run.seconds), ...["listed", "fetched", "unchanged", "failed", "retired"].map((key) => Words.count(run[key])), Words.bytes(run.bytes),
          `+${Words.count(run.added)} ~${Words.count(run.replaced)} −${Words.count(run.removed)}`].map((text) => make("td", { class: "number" }, text)))))));
  },
};
