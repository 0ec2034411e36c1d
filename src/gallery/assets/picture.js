"use strict";
// One picture: what it is, where it comes from, each file of it, and what happened on the way.
const Picture = {
  turn: 0,

  async show(id) {
    const turn = ++this.turn;
    Pictures.openedId = id;
    const row = Number.isSafeInteger(id) ? await Data.details(id) : null;
    if (turn !== this.turn) return;
    if (!row) {
      Page.show("Not found", this.back(), Page.empty("No such picture", `The mirror does not know a picture ${id}.`));
      return;
    }
    const [before, after, alike] = await Promise.all([Pictures.neighbour(id, -1), Pictures.neighbour(id, 1), this.alike(row)]);
    if (turn !== this.turn) return;
    this.before = before;
    this.after = after;
    const title = `${Words.kind(row.type || row.kind)} ${row.id}`;
    const heading = make("h1", { tabindex: "-1" }, title);
    Page.show(title,
      make("div", { class: "crumbs" }, this.back(), this.steps(before, after)),
      make("div", { class: "picture" }, this.stage(row),
        make("div", { class: "facts" },
          make("div", { class: "title" }, heading, Page.badge(row.state)),
          this.problems(row), this.about(row), this.products(row))),
      alike,
      row.assets.map((asset) => this.asset(row, asset)),
      this.derivatives(row), this.offered(row));
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  },

  back() {
    return make("a", { class: "back", href: Pictures.shownHash }, "← All pictures");
  },

  steps(before, after) {
    const step = (id, text, key) => id === undefined
      ? make("span", { class: "step off" }, text)
      : make("a", { class: "step", href: `#/picture/${id}`, "aria-keyshortcuts": key }, text);
    return make("nav", { class: "steps", "aria-label": "Neighbours" },
      step(before, "Previous", "ArrowLeft"), step(after, "Next", "ArrowRight"));
  },

  // The best there is to look at: the largest published file.
  stage(row) {
    const files = [...row.assets, ...row.derivatives].filter((file) => file.published && file.image)
      .sort((a, b) => b.image.width * b.image.height - a.image.width * a.image.height);
    if (!files.length) {
      const why = row.state === "link" ? "This medium is a link to somewhere else, not a picture."
        : row.state === "failed" ? "No picture could be fetched yet. The attempts below say why."
        : row.state === "retired" ? "The catalogue no longer lists this picture, so it is no longer published."
        : row.state === "wanted" ? "It is wanted, and has not been fetched yet."
        : "Nothing of this medium is selected for the mirror.";
      return make("div", { class: "stage none" }, make("p", {}, why));
    }
    const { published, image } = files[0];
    return make("figure", { class: "stage" },
      make("a", { class: image.alpha ? "ground" : "ground plain", href: Data.address(published.path), "aria-label": "Open the file in full size" },
        Page.image(published.path, image.width, image.height, `${Words.kind(row.type || row.kind)} ${row.id}`)),
      make("figcaption", {}, `${image.width} × ${image.height}, ${image.format.toUpperCase()}, ${Words.bytes(image.bytes)}`));
  },

  problems(row) {
    if (!row.problems.length) return null;
    return make("ul", { class: "problems", "aria-label": "Problems" }, row.problems.map((name) => {
      const failure = Data.summary.failures.find(({ reason }) => reason === name);
      const text = failure ? `${Words.reason(name)}: ${failure.meaning}.` : Words.reason(name) + ".";
      return make("li", {}, make("strong", {}, text), failure ? ` ${failure.to_do}` : "");
    }));
  },

  list(facts) {
    return make("dl", { class: "list" }, facts.filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  },

  about(row) {
    return this.list([
      ["Kind", Words.kind(row.kind)],
      ["Photo type", row.type ? Words.kind(row.type) : null],
      ["Languages", row.languages.map((code) => Words.language(code)).join(", ")],
      ["For", row.groups.map((name) => Words.kind(name)).join(", ")],
      ["Visible sides", row.sides.map((name) => Words.kind(name)).join(", ")],
      ["Created", row.created !== undefined ? Words.time(row.created) : null],
      ["Updated", row.updated !== undefined ? Words.time(row.updated) : null],
      ["Leads to", row.link ? [row.link_type ? `${Words.kind(row.link_type)}: ` : "", Page.link(row.link)] : null],
    ]);
  },

  // Other pictures that show the same.
  async alike(row) {
    if (!row.alike || !row.alike[0]) return null;
    const [count, isPlaceholder, shown] = row.alike;
    const { ids } = await Data.loadIndex();
    const same = new Set(shown.filter(([, bytes]) => bytes).map(([id]) => id));
    const places = shown.map(([id]) => ids.indexOf(id)).filter((place) => place >= 0);
    const cards = await Data.cardsAt(places);
    return make("section", { class: "panel" },
      make("h2", {}, `${Words.many(count, "other picture looks", "other pictures look")} the same`),
      make("p", { class: "quiet" }, isPlaceholder ? "It stands for many unrelated products, so it is probably a placeholder. "
        : "In other sizes, other encodings, or byte for byte. ",
        places.length < count ? `The first ${places.length} are shown; reports/duplicates.csv has all.` : null),
      make("ul", { class: "grid small" }, cards.map((card) => Pictures.card(card, same.has(card[0]) ? "Same bytes" : "Nearly the same"))));
  },

  products(row) {
    if (!row.products) return null;
    return make("section", { class: "panel" }, make("h2", {}, row.products.length === 1 ? "Product" : "Products"),
      make("ul", { class: "products" }, row.products.map((product) => make("li", {},
        make("a", { href: ProductView.address(product) }, ProductView.title(product)),
        make("span", { class: "quiet block" }, [product[1] ? `CNK ${product[1]}` : null, ...product[2].map((ean) => `EAN ${ean}`)].filter((text) => text).join(", ") || product[0])))));
  },

  digest(hex) {
    const button = make("button", { type: "button", class: "plain small", onclick: async () => {
      try {
        await navigator.clipboard.writeText(hex);
        button.textContent = "Copied";
        Page.say("The digest is copied");
      } catch {
        getSelection().selectAllChildren(text); // from disk the clipboard may be closed: Ctrl-C does it
        button.textContent = "Selected";
      }
    } }, "Copy");
    const text = make("code", {}, hex);
    return [text, " ", button];
  },

  file(published) {
    return make("a", { class: "url", href: Data.address(published.path) }, published.path);
  },

  asset(row, asset) {
    const image = asset.image;
    return make("section", { class: "panel" },
      make("div", { class: "title" }, make("h2", {}, `Format “${asset.format}”`), Page.badge(asset.state)),
      this.list([
        ["Instead", asset.source ? `“${asset.format}” is not given; this is “${asset.source}”` : null],
        ["From", Page.link(asset.url)],
        ["Held from", asset.held_url ? Page.link(asset.held_url) : null],
        ["Fetched", asset.fetched ? Words.time(asset.fetched) : null],
        ["Published", asset.published ? this.file(asset.published) : null],
        ["Picture", image ? `${image.width} × ${image.height} pixels, ${image.format.toUpperCase()}${image.alpha ? ", with transparency" : ""}${image.pages > 1 ? `, ${image.pages} frames` : ""}` : null],
        ["Size", image ? `${Words.bytes(image.bytes)} (${Words.count(image.bytes)} bytes)` : null],
        ["Note", image ? image.note : null],
        ["SHA-256", asset.sha256 ? this.digest(asset.sha256) : null],
        ["Same bytes as", asset.same ? asset.same.flatMap((id, i) => [i ? ", " : "", make("a", { href: `#/picture/${id}` }, id)]) : null],
        ["ETag", asset.etag ? make("code", {}, asset.etag) : null],
        ["Last-Modified", asset.modified],
        ["First listed", asset.listed ? Words.time(asset.listed) : null],
        ["Verified", image && image.verified ? Words.time(image.verified) : null],
        ["Retired", asset.retired ? Words.time(asset.retired) : null],
        ["Refused", asset.refused ? ["its first bytes are kept in ", make("code", {}, asset.refused)] : null],
      ]), this.attempts(asset));
  },

  attempts(asset) {
    if (!asset.attempts.length) return make("p", { class: "quiet" }, "Not tried yet.");
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Attempts" }, make("table", {},
      make("caption", {}, "Attempts, newest first"),
      make("thead", {}, make("tr", {}, ["When", "Run", "Outcome", "Requests", "What was said"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, [...asset.attempts].reverse().map(([at, run, outcome, detail, tries]) => make("tr", {},
        make("td", { class: "when" }, Words.time(at)), make("td", { class: "number" }, Words.count(run)),
        make("td", {}, Page.badge(outcome === "fetched" || outcome === "not_modified" ? "held" : "failed", Words.reason(outcome))),
        make("td", { class: "number" }, tries), make("td", { class: "said" }, detail || "–"))))));
  },

  derivatives(row) {
    if (!row.derivatives.length) return null;
    return make("section", { class: "panel" }, make("h2", {}, "Made from it"), row.derivatives.map((made) => make("div", { class: "made" },
      make("a", { class: made.image && made.image.alpha ? "ground small" : "ground small plain", href: Data.address(made.published.path), "aria-label": `Open ${made.name}` },
        made.image ? Page.image(made.published.path, made.image.width, made.image.height, "", { loading: "lazy" }) : null),
      this.list([
        ["Name", made.name],
        ["Published", this.file(made.published)],
        ["Picture", made.image ? `${made.image.width} × ${made.image.height} pixels, ${made.image.format.toUpperCase()}, ${Words.bytes(made.image.bytes)}` : null],
        ["SHA-256", this.digest(made.sha256)],
      ]))));
  },

  offered(row) {
    if (!row.offered.length) return null;
    return make("details", { class: "panel" }, make("summary", {}, make("h2", {}, `Offered by the catalogue (${row.offered.length})`)),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Offered formats" }, make("table", {},
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Format"), make("th", { scope: "col" }, "Address"))),
        make("tbody", {}, row.offered.map(([name, url]) => make("tr", {}, make("td", {}, name), make("td", {}, Page.link(url))))))));
  },
};
