"use strict";
// What the search field finds: media by how their id starts, and by the products that show them.
const Search = {
  products: null, // [row, text to search in], loaded with the first search

  placeholder() {
    return Data.summary.totals.products ? "Search by id, CNK, EAN or product name" : "Search by id";
  },

  // As people type: no case, no accents.
  plain(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  },

  words(text) {
    return this.plain(text).split(/\s+/).filter((word) => word)
      .map((word) => /^[\d-]+$/.test(word) ? word.replaceAll("-", "") : word) // 1234-567 is a CNK
      .map((word) => /^0\d{12,}$/.test(word) ? word.replace(/^0+/, "") : word); // a GTIN may have zeros in front
  },

  async loadProducts() {
    if (!this.products) {
      const files = Data.summary.products;
      const parts = await Promise.all(files.map(([first, , version]) => Data.load(`products-${first}`, version)));
      this.products = parts.flat().map((row) => {
        const [id, cnk, eans, names] = row;
        return [row, this.plain([id, cnk, ...eans, ...new Set(names.map(([, name]) => name))].join("\n"))];
      });
    }
    return this.products;
  },

  // A test of media ids. All words must fit the same product.
  async media(text) {
    const words = this.words(text);
    if (!words.length) return () => true;
    const shown = new Set();
    for (const [row, plain] of await this.loadProducts())
      if (words.every((word) => plain.includes(word))) for (const id of row[5]) shown.add(id);
    return (id) => shown.has(id) || (words.length === 1 && String(id).startsWith(words[0]));
  },

  async product(id) {
    const found = (await this.loadProducts()).find(([row]) => row[0] === id);
    return found ? found[0] : null;
  },

  hint(text) {
    return text ? `Nothing is found by “${text}” with these filters. Ids are found by how they start, products by any part of a code or name.`
      : "No picture fits all of these filters.";
  },
};
