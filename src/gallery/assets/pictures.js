"use strict";
// The grid: search, filters, pages of cards.
const Pictures = {
  perPage: 60,
  turn: 0, // each show() has a number: what an older one still loads is dropped
  shownHash: "#/pictures",
  openedId: 0, // where the focus returns to

  filters: [
    { name: "kind", label: "Kind", values: "kinds", say: (value) => Words.kind(value) },
    { name: "type", label: "Photo type", values: "types", say: (value) => Words.kind(value) },
    { name: "language", label: "Language", values: "languages", sets: true, say: (value) => Words.language(value) },
    { name: "state", label: "State", values: "states", say: (value) => kStates[value] || value },
    { name: "problem", label: "Problem", values: "problems", sets: true, say: (value) => Words.reason(value) },
  ],

  // What a filter offers, with how many media each: sets of values count for each of their values.
  options(filter) {
    const { values, counts } = Data.summary[filter.values];
    const sums = new Map();
    values.forEach((value, place) => {
      for (const one of filter.sets ? (value.length ? value : [""]) : [value])
        if (counts[place]) sums.set(one, (sums.get(one) || 0) + counts[place]);
    });
    if (filter.name === "problem") {
      sums.delete("");
      const any = values.reduce((sum, value, place) => sum + (value.length ? counts[place] : 0), 0);
      if (any) return [["any", any], ...this.sorted(sums)];
    }
    return this.sorted(sums);
  },

  sorted(sums) {
    return [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  },

  query(parameters) {
    const query = { q: (parameters.get("q") || "").trim(), sort: parameters.get("sort") || "newest" };
    for (const { name } of this.filters) query[name] = parameters.get(name);
    query.page = Math.max(1, Number.parseInt(parameters.get("page"), 10) || 1);
    return query;
  },

  address(query, changes = {}) {
    const all = { ...query, ...changes };
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(all)) {
      if (value === null || value === undefined) continue;
      if ((name === "q" && !value) || (name === "page" && value === 1) || (name === "sort" && value === "newest")) continue;
      parameters.set(name, value);
    }
    const text = parameters.toString();
    return text ? `#/pictures?${text}` : "#/pictures";
  },

  isNarrowed(query) {
    return query.q !== "" || this.filters.some(({ name }) => query[name] !== null);
  },

  // Places of the media that match, in the order of ids; null: all.
  async matches(query) {
    if (!this.isNarrowed(query)) return null;
    const searching = Search.media(query.q); // both at once
    searching.catch(() => {}); // it is awaited below
    const { ids, columns } = await Data.loadIndex();
    const tests = [];
    for (const filter of this.filters) {
      const asked = query[filter.name];
      if (asked === null) continue;
      const fits = Data.summary[filter.values].values.map((value) => {
        if (!filter.sets) return value === asked;
        if (asked === "any") return value.length > 0;
        return asked === "" ? value.length === 0 : value.includes(asked);
      });
      tests.push([columns[filter.name], fits]);
    }
    const byText = await searching;
    const places = [];
    for (let place = 0; place < ids.length; ++place)
      if (byText(ids[place]) && tests.every(([column, fits]) => fits[column[place]])) places.push(place);
    return places;
  },

  async show(parameters) {
    const turn = ++this.turn;
    const query = this.query(parameters);
    this.shownHash = location.hash || "#/pictures";
    if (!this.bar || !this.bar.isConnected) this.build();
    this.reflect(query);
    if (Data.count === 0) {
      this.result.replaceChildren(Page.empty("No pictures yet", "The mirror is empty. The first sync fills it."));
      return;
    }
    if (!this.isNarrowed(query)) this.skeleton(Math.min(this.perPage, Data.count));
    const places = await this.matches(query);
    if (turn !== this.turn) return;
    const total = places ? places.length : Data.count;
    const pages = Math.max(1, Math.ceil(total / this.perPage));
    const page = Math.min(query.page, pages);
    const wanted = [];
    for (let i = (page - 1) * this.perPage; i < Math.min(total, page * this.perPage); ++i) {
      const nth = query.sort === "oldest" ? i : total - 1 - i;
      wanted.push(places ? places[nth] : nth);
    }
    const cards = await Data.cardsAt(wanted);
    if (turn !== this.turn) return;
    this.found = { places, sort: query.sort };
    this.render(query, cards, total, page, pages);
  },

  build() {
    const change = (changes) => location.replace(this.address(this.current, { page: 1, ...changes }));
    let timer = 0;
    this.search = make("input", { type: "search", id: "search", name: "q", autocomplete: "off", spellcheck: "false",
      placeholder: Search.placeholder(), onfocus: () => Search.load().catch(() => {}), "aria-keyshortcuts": "/", oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => change({ q: this.search.value.trim() }), 150);
      } });
    this.selects = this.filters.map((filter) => {
      const select = make("select", { id: `filter-${filter.name}`, onchange: () => {
        change({ [filter.name]: select.value === "*" ? null : select.value });
      } }, make("option", { value: "*" }, "All"),
      this.options(filter).map(([value, count]) => make("option", { value },
        `${value === "any" ? "Any problem" : value === "" ? "Not given" : filter.say(value)} (${Words.count(count)})`)));
      return select;
    });
    this.sort = make("select", { id: "sort", onchange: () => change({ sort: this.sort.value }) },
      make("option", { value: "newest" }, "Newest first"), make("option", { value: "oldest" }, "Oldest first"));
    const field = (label, control) => make("div", { class: "field" }, make("label", { for: control.id }, label), control);
    this.reset = make("button", { type: "button", class: "plain", onclick: () => {
      location.replace("#/pictures");
      this.search.focus();
    } }, "Clear");
    const panel = make("details", { class: "filters" }, make("summary", {}, "Filters", this.active = make("span", { class: "count", hidden: true })),
      make("div", { class: "fields" }, this.filters.map((filter, i) => field(filter.label, this.selects[i])), field("Order", this.sort)));
    panel.open = !window.matchMedia("(max-width: 760px)").matches;
    this.bar = make("form", { class: "find", role: "search", onsubmit: (event) => event.preventDefault() },
      make("div", { class: "searching" }, make("label", { class: "hidden", for: "search" }, "Search pictures"), this.search, this.reset), panel);
    this.result = make("div", { class: "result" });
    Page.show("Pictures", make("h1", { class: "hidden", tabindex: "-1" }, "Pictures"), this.bar, this.result);
  },

  // The controls say what the address says.
  reflect(query) {
    this.current = query;
    document.title = "Pictures · Picture gallery";
    if (document.activeElement !== this.search || this.search.value.trim() !== query.q)
      if (this.search.value.trim() !== query.q) this.search.value = query.q;
    this.filters.forEach(({ name }, i) => {
      this.selects[i].value = query[name] === null ? "*" : query[name];
      this.selects[i].classList.toggle("set", query[name] !== null);
    });
    this.sort.value = query.sort;
    this.reset.hidden = !this.isNarrowed(query);
    const active = this.filters.filter(({ name }) => query[name] !== null).length;
    this.active.hidden = active === 0;
    this.active.textContent = active;
  },

  skeleton(count) {
    if (this.result.querySelector(".grid:not(.waiting)")) return; // the old page stays until the new one is there
    this.result.replaceChildren(make("p", { class: "found" }, "\u00a0"), make("div", { class: "grid waiting", "aria-hidden": "true" },
      Array.from({ length: count }, () => make("div", { class: "card" }, make("div", { class: "ground" }), make("div", { class: "caption" }, "\u00a0")))));
  },

  render(query, cards, total, page, pages) {
    const sentence = this.isNarrowed(query)
      ? `${Words.many(total, "picture matches", "pictures match")} of ${Words.count(Data.count)}`
      : Words.many(total, "picture", "pictures");
    const where = pages > 1 ? `, page ${Words.count(page)} of ${Words.count(pages)}` : "";
    Page.say(sentence + where);
    if (total === 0) {
      this.result.replaceChildren(Page.empty("Nothing matches", Search.hint(query.q),
        make("p", {}, make("a", { class: "button", href: "#/pictures" }, "Show all pictures"))));
      return;
    }
    const grid = make("ul", { class: "grid" }, cards.map((card) => this.card(card)));
    this.result.replaceChildren(make("p", { class: "found" }, sentence + where), grid,
      Page.pager(page, pages, (to) => this.address(query, { page: to })) || "");
    if (this.openedId) {
      const opened = grid.querySelector(`[href="#/picture/${this.openedId}"]`);
      this.openedId = 0;
      if (opened) opened.focus();
    }
  },

  // `badge` replaces what the card would say of its state.
  card([id, kind, type, languages, state, problems, name, path, width, height], badge) {
    const { summary } = Data;
    const kindName = summary.kinds.values[kind], typeName = summary.types.values[type];
    const stateName = summary.states.values[state], problemNames = summary.problems.values[problems];
    const what = Words.kind(typeName || kindName);
    const trouble = badge || (stateName !== "held" ? kStates[stateName] : problemNames.length ? Words.reason(problemNames[0]) : "");
    return make("li", { class: "card" }, make("a", { href: `#/picture/${id}`, "aria-label":
        [name, `${what} ${id}`, trouble].filter((part) => part).join(", ") },
      make("span", { class: "ground" }, path
        ? Page.image(path, width, height, "", { loading: "lazy" })
        : make("span", { class: "missing" }, stateName === "link" ? "Link" : "No picture")),
      make("span", { class: "caption" },
        make("span", { class: "line" }, make("span", { class: "id" }, id), trouble ? Page.badge(badge || stateName === "held" ? "note" : stateName, trouble) : null),
        make("span", { class: "what", title: name || null }, name || what))));
  },

  // The medium before or after this one in what was found last.
  async neighbour(id, step) {
    const { ids } = await Data.loadIndex();
    let low = 0, high = ids.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    const found = this.found || { places: null, sort: "newest" };
    const forward = found.sort === "oldest" ? step : -step;
    if (!found.places) return ids[low + forward];
    const at = found.places.indexOf(low);
    return at < 0 ? undefined : ids[found.places[at + forward]];
  },
};
