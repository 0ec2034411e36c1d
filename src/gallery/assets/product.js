"use strict";
// One product: its codes, its names, and its pictures in the order the catalogue gives them.
const ProductView = {
  turn: 0,

  title([id, cnk, , names]) {
    const named = names.find(([, name]) => name);
    return named ? named[1] : `Product ${cnk || id}`;
  },

  address([id]) {
    return `#/product/${encodeURIComponent(id)}`;
  },

  async show(id) {
    const turn = ++this.turn;
    const row = await Search.product(id);
    if (turn !== this.turn) return;
    if (!row) {
      Page.show("Not found", Picture.back(), Page.empty("No such product", `The mirror does not know a product ${id}.`));
      return;
    }
    const [, cnk, eans, names, status, media] = row;
    const { ids } = await Data.loadIndex();
    const places = media.map((one) => ids.indexOf(one)).filter((place) => place >= 0);
    const cards = await Data.cardsAt(places);
    if (turn !== this.turn) return;
    const heading = make("h1", { tabindex: "-1" }, this.title(row));
    Page.show(this.title(row), make("div", { class: "crumbs" }, Picture.back()),
      make("div", { class: "title" }, heading, status ? Page.badge(status === "active" ? "held" : "note", Words.kind(status)) : null),
      make("section", { class: "panel" }, Picture.list([
        ["CNK", cnk || "None"], ["EAN", eans.join(", ") || "None"], ["Medipim id", id],
        ...names.map(([locale, name]) => [`Name (${locale})`, name]),
      ])),
      make("h2", {}, Words.many(places.length, "picture", "pictures")),
      places.length ? make("ul", { class: "grid" }, cards.map((card) => Pictures.card(card)))
        : Page.empty("No picture", "The catalogue gives none for this product, or none is selected for the mirror."),
      media.length > places.length ? make("p", { class: "quiet" }, `${Words.many(media.length - places.length, "other picture is", "other pictures are")} listed with this product, but not selected for the mirror.`) : null);
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  },
};
