"use strict";
// What the search field finds: media by how their id starts, and by the products that show them.
const Search = {
  products: null, // a promise of [media, text to search in] of all products

  placeholder() {
    return Data.summary.totals.products ? "Search by id, CNK, EAN or product name" : "Search by id";
  },

  // As people type: no case, no accents.
  plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  },

  words(text) {
    return this.plain(text).split(/\s+/).filter((word) => word)
      .map((word) => /^\d[\d-]*$/.test(word) ? word.replaceAll("-", "") : word) // 1234-567 is a CNK
      .map((word) => /^0\d{12,}$/.test(word) ? word.replace(/^0+/, "") : word); // a GTIN may have zeros in front
  },

  // Asked for as soon as somebody turns to the search field.
  loadProducts() {
    this.products ??= Promise.all(Data.summary.products.map(async ([first, , version]) => {
      const rows = await Data.load(`products-${first}`, version);
      return rows.map(([id, cnk, eans, names, , media]) =>
        [media, this.plain([id, cnk, ...eans, ...names.map(([, name]) => name)].join("\n"))]);
    })).then((parts) => parts.flat());
    this.products.catch(() => { this.products = null; }); // to be tried again
    return this.products;
  },

  // A test of media ids. All words must fit the same product.
  async media(text) {
    const words = this.words(text);
    if (!words.length) return () => true;
    const shown = new Set();
    for (const [media, plain] of await this.loadProducts())
      if (words.every((word) => plain.includes(word))) for (const id of media) shown.add(id);
    return (id) => shown.has(id) || (words.length === 1 && String(id).startsWith(words[0]));
  },

  // One product without loading them all: the files are in the order of ids, so a few of them tell where it is.
  async product(id) {
    const files = Data.summary.products;
    let low = 0, high = files.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, , version] = files[middle];
      const rows = await Data.load(`products-${first}`, version);
      if (id < rows[0][0]) high = middle - 1;
      else if (id > rows[rows.length - 1][0]) low = middle + 1;
      else return rows.find((row) => row[0] === id) || null;
    }
    return null;
  },

  hint(text) {
    return text ? `Nothing is found by “${text}” with these filters. Ids are found by how they start, products by any part of a code or name.`
      : "No picture fits all of these filters.";
  },
};
