"use strict";
// What the search field finds: media by how their id starts, and by the products that show them.
const Search = {
  texts: null, // a promise of one long text for every file: a record a product, each between "\n"

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

  // Asked for as soon as somebody turns to the search field. Few long texts: a hundred thousand short ones would take
  // seconds to make plain and to look through.
  load() {
    this.texts ??= Promise.all(Data.summary.search.map(async ([first, , version]) => {
      const rows = await Data.load(`search-${first}`, version);
      // They are plain already, as far as they could be made so.
      const text = `\n${rows.map((row) => /[^\x00-\x7f]/.test(row) ? this.plain(row) : row).join("\n")}\n`;
      Data.forget(`search-${first}`);
      return text;
    }));
    this.texts.catch(() => { this.texts = null; }); // to be tried again
    return this.texts;
  },

  // The media of the products that have all these words before the "\f" of their record.
  collect(text, words, shown) {
    const [longest, ...others] = words;
    for (let at = text.indexOf(longest); at >= 0;) {
      const end = text.indexOf("\n", at);
      const split = text.lastIndexOf("\f", end);
      if (at < split) {
        const named = text.slice(text.lastIndexOf("\n", at) + 1, split);
        if (others.every((word) => named.includes(word)))
          for (const id of text.slice(split + 1, end).split(",")) shown.add(Number(id));
      }
      at = text.indexOf(longest, end);
    }
  },

  // A test of media ids. All words must fit the same product.
  async media(text) {
    const words = this.words(text).sort((a, b) => b.length - a.length);
    if (!words.length) return () => true;
    const shown = new Set();
    for (const part of await this.load()) this.collect(part, words, shown);
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
