
// What colours and marks mean.

/* The λ that colours show; null where nothing is known of it. */
function weight(point) {
  return point.weights && !point.curve && chosen.weight ? point.weights[chosen.weight] ?? 0 : null;
}

/* λ on a logarithmic scale from the least to the greatest; 0 lies a step below the least. */
function colour(point) {
  const value = weight(point);
  if (value === null) return "var(--neutral)";
  const logs = data.points.map(weight).filter((each) => each > 0).map(Math.log10);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const place = value > 0 ? 0.2 + 0.8 * (high > low ? (Math.log10(value) - low) / (high - low) : 1) : 0;
  const [from, to, share] = place < 0.5 ? ["--low", "--middle", place * 2] : ["--middle", "--high", place * 2 - 1];
  return `color-mix(in oklab, var(${to}) ${(100 * share).toFixed(1)}%, var(${from}))`;
}

function startLegend() {
  const entry = (shape, words, kind = "sign") => {
    const sign = svg("svg", { width: 18, height: 18, viewBox: "-9 -9 18 18", "aria-hidden": true });
    sign.append(svg("g", { class: kind }, svg("path", { class: "mark", d: SHAPES[shape] })));
    return html("li", {}, sign, words);
  };
  const entries = [entry("circle", "on the frontier"), entry("circle", "dominated", "sign dominated")];
  entries.push(...data.curves.map((curve) => entry(curve.shape, curve.name)));
  if (data.published.length) entries.push(entry("cross", "published", "other"));
  if (data.points.some((point) => Object.keys(point.intervals).length)) {
    entries.push(html("li", {}, "Bars: 95 % intervals over clips"));
  }
  if (data.weights.length) entries.unshift(colourKey());
  byId("legend").replaceChildren(...entries);
}

function colourKey() {
  const select = html("select", { ariaLabel: "Weight that colours show" });
  const [low, high] = [html("span"), html("span")];
  const update = () => {
    chosen.weight = select.value;
    const values = data.points.map(weight).filter((value) => value !== null);
    low.textContent = short(Math.min(...values));
    high.textContent = short(Math.max(...values));
  };
  select.append(...data.weights.map((name) => new Option(`λ ${name}`, name)));
  select.addEventListener("change", () => { update(); drawAll(); });
  update();
  return html("li", {}, select, low, html("span", { className: "bar" }), high);
}
