// The page's own script: charts in the colours of the page, the theme and code buttons, the place in the contents.
(() => {
  const root = document.documentElement;
  const figures = [...document.querySelectorAll("figure.chart")].map((figure) => ({
    place: figure.querySelector(".drawing"),
    specification: JSON.parse(figure.querySelector(".specification").textContent),
  }));

  function chartConfig() {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const text = colour("--text"), soft = colour("--soft"), line = colour("--line");
    const font = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
    return {
      background: "transparent",
      font,
      axis: { domainColor: line, tickColor: line, gridColor: line, labelColor: soft, titleColor: text, titleFontWeight: 500 },
      legend: { labelColor: soft, titleColor: text, titleFontWeight: 500 },
      header: { labelColor: soft, titleColor: text },
      title: { color: text, subtitleColor: soft, fontWeight: 600 },
      style: { "guide-label": { fill: soft }, "guide-title": { fill: text }, cell: { stroke: line } },
    };
  }

  const drawn = [];
  async function draw() {
    const config = chartConfig();
    for (const [index, { place, specification }] of figures.entries()) {
      const previous = drawn[index];
      try {
        const shown = await vegaEmbed(place, specification, {
          config,
          renderer: "svg",
          actions: { export: true, source: false, compiled: false, editor: false },
        });
        previous?.finalize();
        drawn[index] = shown;
      } catch (error) {
        place.textContent = `This chart could not be drawn: ${error.message}`;
        place.classList.add("failed");
      }
    }
    root.dataset.charts = "drawn";
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

  const contents = document.querySelector(".contents details");
  if (!matchMedia("(min-width: 78rem)").matches) contents.open = false;
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
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
