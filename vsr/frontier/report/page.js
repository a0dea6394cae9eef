
// The page: what is chosen, and what follows from it.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const metrics = new Map(data.metrics.map((axis) => [axis.metric, axis]));
const LITTLE = 0.25; // of the plane, on some axis
const CURVE_SHAPES = ["square", "diamond", "triangle"];
const chosen = { x: data.axes[0], y: data.axes[1], weight: data.weights[0], clip: data.clips[0]?.name, point: null };
let frontier = [];
let elements = new Map();

data.points.forEach((point) => { point.shape = "circle"; });
data.curves.forEach((curve, number) => {
  curve.shape = CURVE_SHAPES[number % CURVE_SHAPES.length];
  curve.points = curve.points.map((index) => data.points[index]);
  curve.points.forEach((point) => { point.shape = curve.shape; point.curve = curve.name; });
});

function html(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const arrow = (axis) => (axis.higherIsBetter ? "↑" : "↓");
const text = (axis, value) => (value === undefined ? "–" : value.toFixed(axis.decimals));
const range = (axis, ends) => (ends ? `${text(axis, ends[0])} to ${text(axis, ends[1])}` : "");
const short = (value) => Number(value.toPrecision(4));
const has = (thing) => chosen.x in thing.values && chosen.y in thing.values;
const both = () => [metrics.get(chosen.x), metrics.get(chosen.y)];

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function weights(point) {
  return Object.entries(point.weights ?? {}).map(([name, value]) => `${name} ${short(value)}`).join(" · ");
}

function describe(thing, name) {
  const lines = both().map((axis) => {
    const ends = range(axis, thing.intervals?.[axis.metric]);
    return `${axis.title} ${text(axis, thing.values[axis.metric])}${ends ? ` (${ends})` : ""}`;
  });
  const about = thing.curve ?? (thing.weights ? `λ  ${weights(thing)}` : thing.source);
  return [name, ...lines, ...(about ? [about] : [])].join("\n");
}

/* Draw the plane anew; from close up where the frontier is small, until a reader decides. */
function drawAll() {
  const [x, y] = both();
  const points = data.points.filter(has);
  frontier = nondominated(points, x, y);
  for (const point of points) {
    point.dominated = !frontier.includes(point);
    point.colour = colour(point);
    point.title = `${describe(point, point.label)}\n${point.dominated ? "dominated" : "on the frontier"}`;
  }
  const others = [
    { values: data.bicubic, name: "bicubic", shape: "plus" },
    ...data.published.map((each) => ({ ...each, name: each.method, shape: "cross" })),
  ].filter(has).map((other) => ({ ...other, title: describe(other, other.name) }));
  const plot = byId("plot");
  const near = surroundings(frontier, [...points, ...others], x, y);
  byId("near").disabled = frontier.length < 2;
  byId("near").checked = frontier.length > 1 && (chosen.near ?? near.share < LITTLE);
  const [shown, shownOthers] = [points, others].map((all) => (byId("near").checked ? all.filter(near.contain) : all));
  const drawn = drawPlane(plot.querySelector("svg"), plot.clientWidth, plot.clientHeight, {
    x, y, points: shown, frontier, others: shownOthers,
    curves: data.curves.map((curve) => curve.points.filter((each) => shown.includes(each))).filter((each) => each.length),
  });
  elements = new Map(shown.map((point, number) => [point, drawn.points[number]]));
  elements.forEach(listen);
  drawn.others.forEach((element, number) => explain(element, shownOthers[number].title));
  if (startsWithY()) frontier.reverse();
  drawSlider();
  const [count, missing] = [data.points.length, data.points.length - points.length];
  const away = [...points.filter((each) => !shown.includes(each)).map((point) => point.label),
    ...others.filter((each) => !shownOthers.includes(each)).map((other) => other.name)];
  byId("left-out").textContent = [
    ...(missing ? [`${missing} of ${count} points lack one of these metrics.`] : []),
    ...(away.length ? [`Outside of the close-up: ${away.join(", ")}.`] : []),
  ].join(" ");
  const meanings = new Set(both().map(({ kind }) => data.kinds.find((each) => each.kind === kind)?.meaning ?? kind));
  byId("kinds").replaceChildren(...[...meanings].map((meaning) => html("li", {}, meaning)));
  choose(chosen.point ?? frontier[0]);
}

function listen(element, point) {
  element.addEventListener("click", () => choose(point));
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(point);
  });
  explain(element, point.title);
}

/* Show `words` beside `element` while it is pointed at or has the focus. */
function explain(element, words) {
  const tooltip = byId("tooltip");
  const show = () => {
    tooltip.textContent = words;
    tooltip.hidden = false;
    const [mark, box] = [element.querySelector(".mark"), byId("plot")].map((each) => each.getBoundingClientRect());
    const { offsetWidth: width, offsetHeight: height } = tooltip;
    const fits = mark.right + 10 + width <= box.right;
    const left = fits ? mark.right + 10 : Math.max(box.left, mark.left - 10 - width);
    const top = fits ? mark.top : mark.bottom - height;
    tooltip.style.left = `${left - box.left}px`;
    tooltip.style.top = `${Math.max(0, Math.min(top - box.top, box.height - height))}px`;
  };
  const hide = () => { tooltip.hidden = true; };
  element.addEventListener("pointerenter", show);
  element.addEventListener("focus", show);
  element.addEventListener("pointerleave", hide);
  element.addEventListener("blur", hide);
}

/* Distortion comes first, whichever axis it is on. */
function startsWithY() {
  const [x, y] = both().map((axis) => data.kinds.findIndex((each) => each.kind === axis.kind));
  return y >= 0 && y < x;
}

function drawSlider() {
  const slider = byId("along");
  slider.max = frontier.length - 1;
  slider.disabled = frontier.length < 2;
  const names = both().map((axis) => `best ${axis.title}`);
  [byId("first").textContent, byId("last").textContent] = startsWithY() ? names.reverse() : names;
}

function start() {
  const { dataset, clips, scale, degradation, protocol } = data.setting;
  const of = clips.length > 6 ? `${clips.length} clips` : clips.join(", ");
  const about = [`${dataset} (${of})`, `×${scale}`, `degradation ${degradation}`, `protocol ${protocol}`];
  byId("setting").textContent = [...about, `${data.points.length} points`].join(" · ");
  document.title = `Frontier of ${dataset} ×${scale}`;
  for (const name of ["x", "y"]) {
    const select = byId(name);
    for (const axis of metrics.values()) {
      select.append(new Option(`${axis.title} ${arrow(axis)} · ${axis.kind}`, axis.metric));
    }
    select.value = chosen[name];
    select.addEventListener("change", () => {
      const other = name === "x" ? "y" : "x";
      if (chosen[other] === select.value) byId(other).value = chosen[other] = chosen[name]; // they change places
      chosen[name] = select.value;
      chosen.near = null;
      drawAll();
    });
  }
  byId("near").addEventListener("change", (event) => { chosen.near = event.target.checked; drawAll(); });
  byId("along").addEventListener("input", (event) => choose(frontier[event.target.value]));
  startPictures();
  startLegend();
  byId("notes").replaceChildren(...notes().map((note) => html("li", {}, note)));
  drawAll();
  new ResizeObserver(drawAll).observe(byId("plot"));
  new ResizeObserver(drawPictures).observe(document.querySelector(".pictures"));
}

function notes() {
  const { hypervolume, interval, perHour, unit, reference } = data.scores;
  const sure = interval ? ` (95 % interval over clips: ${short(interval[0])} to ${short(interval[1])})` : "";
  const hourly = perHour === null ? "" : `, ${short(perHour)} an hour of training`;
  const third = "Traced in three metrics; filled marks are those that none beats in the two shown.";
  const sources = new Map();
  for (const { method, clips, source } of data.published) {
    const from = `${source}, over ${clips.join(", ")}`;
    sources.set(from, [...(sources.get(from) ?? []), method]);
  }
  return [
    `Hypervolume ${short(hypervolume)}${sure} in ${unit}, measured from ${reference}${hourly}.`,
    ...(data.axes.length > 2 ? [third] : []),
    ...data.notes,
    ...[...sources].map(([from, methods]) => `Published: ${methods.join(", ")}. From ${from}.`),
  ];
}

start();
