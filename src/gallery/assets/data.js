"use strict";
// The site's data: each file under data/ is a script that calls galleryData() once. A page that is opened from disk
// may not fetch files, but may load scripts.
const arrived = new Map();

function galleryData(name, value) {
  arrived.set(name, value);
}

const Data = {
  summary: null,
  index: null, // ids and columns of all media, loaded when searching and filtering start
  loading: new Map(),
  kept: [], // names of the row files in memory, the last used at the end
  keptMax: 80,

  // A promise of what the file says. A file that is not there is an Error with a sentence.
  load(name, version) {
    if (arrived.has(name)) {
      this.touch(name);
      return Promise.resolve(arrived.get(name));
    }
    if (!this.loading.has(name)) {
      const promise = new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = `data/${encodeURIComponent(name)}.js?${version}`;
        script.onload = () => {
          script.remove();
          this.loading.delete(name);
          if (arrived.has(name)) resolve(arrived.get(name));
          else reject(new Error(`data/${name}.js is not what it should be`));
          this.touch(name);
        };
        script.onerror = () => {
          script.remove();
          this.loading.delete(name);
          reject(new Error(`data/${name}.js could not be loaded. If the gallery was built again meanwhile, load this page again.`));
        };
        document.head.append(script);
      });
      this.loading.set(name, promise);
    }
    return this.loading.get(name);
  },

  // Row files come and go: a reader who pages through 100 000 pictures does not keep them all.
  touch(name) {
    if (name === "summary" || name === "index") return;
    this.kept = this.kept.filter((kept) => kept !== name);
    this.kept.push(name);
    while (this.kept.length > this.keptMax) arrived.delete(this.kept.shift());
  },

  // What the page keeps in another form.
  forget(name) {
    this.kept = this.kept.filter((kept) => kept !== name);
    arrived.delete(name);
  },

  async start() {
    this.summary = await this.load("summary", Date.now());
    const count = (files) => files.reduce((sum, [, rows]) => sum + rows, 0);
    this.count = count(this.summary.cards);
  },

  async loadIndex() {
    if (this.index) return this.index;
    const columns = await this.load("index", this.summary.index);
    const ids = new Float64Array(columns.steps.length); // ids may be larger than 32 bits
    let id = 0;
    for (let i = 0; i < ids.length; ++i) ids[i] = id += columns.steps[i];
    this.index = { ids, columns };
    return this.index;
  },

  // Rows of a list of files, by place in the whole list.
  async rowsAt(kind, files, places) {
    const starts = [];
    let start = 0;
    for (const [, rows] of files) {
      starts.push(start);
      start += rows;
    }
    const fileOf = (place) => {
      let low = 0, high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (starts[middle] <= place) low = middle;
        else high = middle - 1;
      }
      return low;
    };
    const wanted = [...new Set(places.map(fileOf))];
    const loaded = new Map();
    await Promise.all(wanted.map(async (file) => {
      const [first, , version] = files[file];
      loaded.set(file, await this.load(`${kind}-${first}`, version));
    }));
    return places.map((place) => loaded.get(fileOf(place))[place - starts[fileOf(place)]]);
  },

  cardsAt(places) {
    return this.rowsAt("cards", this.summary.cards, places);
  },

  // The details of one medium; nothing: the mirror does not know it.
  async details(id) {
    const files = this.summary.details;
    let low = 0, high = files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (files[middle][0] <= id) low = middle;
      else high = middle - 1;
    }
    if (!files.length || files[low][0] > id) return null;
    const rows = await this.load(`details-${files[low][0]}`, files[low][2]);
    return rows.find((row) => row.id === id) || null;
  },

  // The address of a published file.
  address(path) {
    return this.summary.media + path.split("/").map(encodeURIComponent).join("/");
  },
};
