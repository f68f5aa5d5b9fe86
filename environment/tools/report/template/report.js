// The page's own script: charts in the colours of the page, the theme and code buttons, the place in the contents.
(() => {
  const root = document.documentElement;
  const counts = {};
  const figures = [...document.querySelectorAll("figure.chart")].map((figure) => {
    const side = figure.closest("[data-side]")?.dataset.side ?? "";
    counts[side] = (counts[side] ?? 0) + 1;
    const specification = JSON.parse(figure.querySelector(".specification").textContent);
    // What a notebook's page needs (its colours, say) would win over what this page sets.
    delete specification.usermeta?.embedOptions;
    return {
      figure,
      place: figure.querySelector(".drawing"),
      bindings: figure.querySelector(".bindings"),
      pair: figure.closest(".sides"),
      specification,
      name: [root.dataset.name, side, "figure", counts[side]].filter(Boolean).join("-"),
    };
  });

  function chartConfig() {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const text = colour("--text"),
      soft = colour("--soft"),
      line = colour("--line");
    const font = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
    return {
      background: "transparent",
      font,
      axis: {
        domainColor: line,
        tickColor: line,
        gridColor: line,
        labelColor: soft,
        titleColor: text,
        titleFontWeight: 500,
      },
      legend: { labelColor: soft, titleColor: text, titleFontWeight: 500 },
      header: { labelColor: soft, titleColor: text },
      title: { color: text, subtitleColor: soft, fontWeight: 600 },
      style: { "guide-label": { fill: soft }, "guide-title": { fill: text }, cell: { stroke: line } },
    };
  }

  const drawn = [];
  async function draw() {
    const config = chartConfig();
    for (const index of figures.keys()) await drawOne(index, config);
    for (const [index, other] of pairs()) {
      const others = [domainsOf(drawn[other].view), domainsOf(drawn[index].view)];
      await drawOne(index, config, others[0]);
      await drawOne(other, config, others[1]);
    }
    root.dataset.charts = "drawn";
  }

  async function drawOne(index, config, domains) {
    const { place, bindings, specification } = figures[index];
    const previous = drawn[index];
    try {
      // The page's policy forbids to compile expressions, so they are interpreted (ast).
      const shown = await vegaEmbed(place, specification, {
        config,
        renderer: "svg",
        actions: false,
        ast: true,
        bind: bindings,
        tooltip: { formatTooltip: tooltipTable },
        patch: (compiled) => (domains ? widened(compiled, domains) : compiled),
      });
      previous?.finalize();
      drawn[index] = shown;
      // On a small screen a figure scrolls before its letters get too small to read.
      const svg = place.querySelector("svg");
      svg.style.minWidth = `${Math.round(0.85 * svg.width.baseVal.value)}px`;
    } catch (error) {
      place.textContent = `This chart could not be drawn: ${error.message}`;
      place.classList.add("failed");
    }
  }

  /** vega-tooltip's own table would ask for a picture at the address in a field named "image". */
  function tooltipTable(value, escape) {
    if (typeof value !== "object" || value === null) return escape(String(value));
    const text = (one) => escape(typeof one === "object" ? JSON.stringify(one) : String(one));
    const rows = Object.entries(value).map(
      ([name, one]) => `<tr><td class="key">${escape(name)}</td><td class="value">${text(one)}</td></tr>`,
    );
    return `<table>${rows.join("")}</table>`;
  }

  /** The figures that stand beside each other in a comparison: the first of the left side with the first of the right. */
  function pairs() {
    const sides = (pair) =>
      ["left", "right"].map((side) =>
        [...figures.keys()].filter(
          (at) => figures[at].pair === pair && figures[at].figure.closest(`[data-side=${side}]`),
        ),
      );
    const found = [...new Set(figures.map(({ pair }) => pair).filter(Boolean))].map(sides);
    return found
      .flatMap(([left, right]) => (left.length === right.length ? left.map((at, place) => [at, right[place]]) : []))
      .filter((pair) => pair.every((at) => drawn[at]));
  }

  /** The ends of every scale of numbers of a drawing, by name; of a facet's own scales there are several, which are left out. */
  function domainsOf(view) {
    const found = new Map();
    const visit = (item) => {
      for (const [name, { value: scale }] of Object.entries(item.context?.scales ?? {})) {
        const ends = scale.domain?.() ?? [];
        if (!ends.every((end) => typeof end === "number" || end instanceof Date) || ends.length < 2) continue;
        const numbers = ends.map(Number);
        if (!found.has(name)) found.set(name, new Set());
        found.get(name).add(JSON.stringify([Math.min(...numbers), Math.max(...numbers)]));
      }
      for (const part of item.items ?? []) visit(part);
    };
    visit(view.scenegraph().root);
    return new Map([...found].filter(([, all]) => all.size === 1).map(([name, [ends]]) => [name, JSON.parse(ends)]));
  }

  /** A compiled chart whose scales reach as far as those of the other side, whatever a slider does to their own data. */
  function widened(compiled, domains) {
    const visit = (group) => {
      for (const scale of group.scales ?? []) {
        const ends = domains.get(scale.name);
        const { domain } = scale;
        if (!ends || !domain) continue;
        if (!Array.isArray(domain)) scale.domain = { fields: [...(domain.fields ?? [domain]), ends] };
        else if (domain.length === 2 && domain.every((end) => typeof end === "number"))
          scale.domain = [Math.min(domain[0], ends[0]), Math.max(domain[1], ends[1])];
      }
      for (const mark of group.marks ?? []) visit(mark);
    };
    visit(compiled);
    return compiled;
  }

  /** The rows a figure is drawn from. Those of several tables get a column that numbers them. */
  function rowsOf(specification) {
    const tables = new Map();
    const visit = (value) => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, part] of Object.entries(value)) {
        const found = key === "data" ? [part?.values] : key === "datasets" ? Object.values(part) : [];
        const rows = found.filter(Array.isArray);
        for (const table of rows) tables.set(JSON.stringify(table), table);
        if (rows.length === 0) visit(part);
      }
    };
    visit(specification);
    const named = [...tables.values()].map((table) =>
      table.map((row) => (typeof row === "object" && row !== null ? row : { data: row })),
    );
    return named.length > 1
      ? named.flatMap((table, index) => table.map((row) => ({ table: index + 1, ...row })))
      : (named[0] ?? []);
  }

  /** RFC 4180, with the columns in order of first appearance. */
  function csvOf(rows) {
    const columns = [...new Set(rows.flatMap(Object.keys))];
    const text = (value) =>
      value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    const cell = (value) => (/[",\r\n]/.test(text(value)) ? `"${text(value).replaceAll('"', '""')}"` : text(value));
    return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
      .map((row) => `${row.map(cell).join(",")}\r\n`)
      .join("");
  }

  /** The figure as it stands, sliders and all, on the page's own background (its texts have the theme's colours). */
  async function picture(index, draw) {
    const { view } = drawn[index];
    const background = view.background();
    await view.background(getComputedStyle(root).getPropertyValue("--page").trim()).runAsync();
    try {
      return await draw(view);
    } finally {
      await view.background(background).runAsync();
    }
  }

  const json = (value) => new Blob([`${JSON.stringify(value, null, 1)}\n`], { type: "application/json" });
  const downloads = {
    SVG: {
      ending: ".svg",
      make: (index) => picture(index, async (view) => new Blob([await view.toSVG()], { type: "image/svg+xml" })),
    },
    PNG: {
      ending: ".png",
      make: (index) =>
        picture(index, async (view) => {
          const canvas = await view.toCanvas(2);
          return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
        }),
    },
    "data as CSV": {
      ending: ".csv",
      make: (index) => new Blob([csvOf(rowsOf(figures[index].specification))], { type: "text/csv" }),
    },
    "data as JSON": { ending: ".json", make: (index) => json(rowsOf(figures[index].specification)) },
    "Vega-Lite": { ending: ".vl.json", make: (index) => json(figures[index].specification) },
  };

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  for (const [index, { figure, name }] of figures.entries()) {
    const bar = document.createElement("div");
    bar.className = "downloads";
    bar.append("Download: ");
    for (const [title, { ending, make }] of Object.entries(downloads)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      button.title = name + ending;
      button.addEventListener("click", async () => save(await make(index), name + ending));
      bar.append(button);
    }
    figure.append(bar);
  }

  const themes = ["automatic", "light", "dark"];
  const themeButton = document.getElementById("toggle-theme");
  let theme = 0;
  themeButton.addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    if (theme === 0) delete root.dataset.theme;
    else root.dataset.theme = themes[theme];
    themeButton.textContent = `Theme: ${themes[theme]}`;
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme === 0 && draw());

  const codeButton = document.getElementById("toggle-code");
  const code = [...document.querySelectorAll("details.code")];
  codeButton.addEventListener("click", () => {
    const show = codeButton.getAttribute("aria-pressed") !== "true";
    for (const cell of code) cell.open = show || cell.classList.contains("parameters");
    codeButton.setAttribute("aria-pressed", String(show));
    codeButton.textContent = show ? "Hide code" : "Show all code";
  });

  // What scrolls sideways is reached by the keyboard, too.
  const scrolls = [...document.querySelectorAll(".highlight, .outputs, .drawing, .katex-display, nav.contents")];
  function markScrolling() {
    for (const place of scrolls) {
      const overflows = place.scrollWidth > place.clientWidth || place.scrollHeight > place.clientHeight;
      if (overflows) place.tabIndex = 0;
      else place.removeAttribute("tabindex");
      if (overflows && !place.matches("nav, [role]")) {
        place.role = "group";
        place.ariaLabel = "scrolls";
      }
    }
  }
  const watch = new ResizeObserver(markScrolling);
  for (const place of [document.body, ...scrolls]) watch.observe(place);

  const contents = document.querySelector(".contents details");
  if (!matchMedia("(min-width: 78rem)").matches) contents.open = false;
  const links = new Map(
    [...document.querySelectorAll(".contents a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]),
  );
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  function markPlace() {
    const above = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
    const here = above.at(-1) ?? headings[0];
    for (const [id, link] of links) link.classList.toggle("here", id === here?.id);
  }
  addEventListener("scroll", markPlace, { passive: true });
  markPlace();
  draw();
})();
