
// Draws the plane of two metrics as SVG. Knows nothing of the page around it.

const MARGIN = { top: 14, right: 18, bottom: 30, left: 58 };
const SHAPES = {
  circle: "M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0",
  square: "M-5,-5h10v10h-10z",
  diamond: "M0,-7L7,0L0,7L-7,0z",
  triangle: "M0,-7L6.5,5H-6.5z",
  cross: "M-5,-5L5,5M-5,5L5,-5",
  plus: "M-7,0H7M0,-7V7",
};

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function linear(values, from, to) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  [low, high] = [low - room, high + room];
  return { low, high, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

function ticks(scale, most) {
  const raw = (scale.high - scale.low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let number = Math.ceil(scale.low / step); number * step <= scale.high; number++) {
    found.push({ value: number * step, text: (number * step).toFixed(decimals) });
  }
  return found;
}

const cost = (point, axis) => (axis.higherIsBetter ? -1 : 1) * point.values[axis.metric];

/* Whether `a` is at least as good as `b` on both axes, and better on one. */
function beats(a, b, x, y) {
  const [across, up] = [x, y].map((axis) => cost(a, axis) - cost(b, axis));
  return across <= 0 && up <= 0 && across + up < 0;
}

/* The points that no other beats, from the best on `x` to the best on `y`. */
function nondominated(points, x, y) {
  return points
    .filter((point) => !points.some((other) => beats(other, point, x, y)))
    .sort((a, b) => cost(a, x) - cost(b, x) || cost(a, y) - cost(b, y));
}

/* The surroundings of the points `best` of all `things`, and how much these take up on the axis where they take least. */
function surroundings(best, things, x, y) {
  const places = {};
  let share = 1;
  for (const { metric } of [x, y]) {
    const [inner, outer] = [best, things].map((some) => some.map((each) => each.values[metric]));
    const [low, high] = [Math.min(...inner), Math.max(...inner)];
    places[metric] = [low - (high - low) / 4, high + (high - low) / 4];
    share = Math.min(share, (high - low) / (Math.max(...outer) - Math.min(...outer) || 1));
  }
  const contain = ({ values }) =>
    Object.entries(places).every(([metric, [low, high]]) => low <= values[metric] && values[metric] <= high);
  return { share, contain };
}

/*
 * Fill `root`, of `width` by `height`. `view` has the axes `x` and `y`; `points`, each with its values, shape, colour,
 * title and whether it is dominated; `frontier`, those on it in order; `curves`, lists of points; `others`, each with
 * values, shape, title and name. Returns the elements of both in order.
 */
function drawPlane(root, width, height, view) {
  const { x, y } = view;
  const all = [...view.points, ...view.others].flatMap((point) => [point.values, ...ends(point, x, y)]);
  const across = linear(all.map((values) => values[x.metric]), MARGIN.left, width - MARGIN.right);
  const up = linear(all.map((values) => values[y.metric]), height - MARGIN.bottom, MARGIN.top);
  const at = (point) => [across.at(point.values[x.metric]), up.at(point.values[y.metric])];
  const path = (corners) => "M" + corners.map(([left, top]) => `${left.toFixed(1)},${top.toFixed(1)}`).join("L");

  const points = view.points.map((point) => {
    const group = svg("g", {
      class: point.dominated ? "point dominated" : "point",
      transform: `translate(${at(point)})`,
      tabindex: 0,
      role: "button",
      "aria-label": point.title,
    });
    group.style.color = point.colour;
    group.append(...bars(point, x, y, across, up), svg("circle", { class: "area", r: 14 }),
      svg("circle", { class: "halo", r: 11 }), svg("path", { class: "mark", d: SHAPES[point.shape] }));
    return group;
  });
  const others = view.others.map((other) => marked(other, at(other)));
  const marks = [...view.points, ...view.others].map(at);
  root.replaceChildren(
    ...grid(across, up, width, height),
    ...better(x, y, marks, width, height),
    ...view.curves.map((curve) => svg("path", { class: "curve", d: path(curve.map(at)) })),
    ...(view.frontier.length ? [svg("path", { class: "stairs", d: path(stairs(view.frontier.map(at), x, y)) })] : []),
    ...others,
    ...names(view.others, view.others.map(at), marks, width, height),
    ...points,
  );
  return { points, others };
}

function grid(across, up, width, height) {
  const [bottom, right] = [height - MARGIN.bottom, width - MARGIN.right];
  const columns = ticks(across, width / 90).flatMap(({ value, text }) => [
    svg("line", { class: "grid", x1: across.at(value), x2: across.at(value), y1: MARGIN.top, y2: bottom }),
    svg("text", { x: across.at(value), y: bottom + 20, "text-anchor": "middle" }, text),
  ]);
  const rows = ticks(up, height / 60).flatMap(({ value, text }) => [
    svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: up.at(value), y2: up.at(value) }),
    svg("text", { x: MARGIN.left - 8, y: up.at(value) + 4, "text-anchor": "end" }, text),
  ]);
  const frame = svg("path", { class: "better", d: `M${MARGIN.left},${MARGIN.top}V${bottom}H${right}` });
  return [...columns, ...rows, frame];
}

/* An arrow into the corner where both metrics are best, unless marks are there. */
function better(x, y, marks, width, height) {
  const right = x.higherIsBetter ? 1 : -1;
  const down = y.higherIsBetter ? -1 : 1;
  const left = right > 0 ? width - MARGIN.right - 10 : MARGIN.left + 10;
  const top = down > 0 ? height - MARGIN.bottom - 10 : MARGIN.top + 10;
  if (marks.some((mark) => Math.abs(mark[0] - left) < 95 && Math.abs(mark[1] - top) < 50)) return [];
  const tip = `m${-11 * right},0h${11 * right}v${-11 * down}`;
  return [
    svg("path", { class: "better", d: `M${left - 26 * right},${top - 26 * down}L${left},${top}${tip}` }),
    svg("text", { x: left - 32 * right, y: top - 22 * down, "text-anchor": right > 0 ? "end" : "start" }, "better"),
  ];
}

/* Between two neighbours the worse of each metric: what lies beyond is beaten by one of them. */
function stairs(places, x, y) {
  const [worseAcross, worseUp] = [x.higherIsBetter ? Math.min : Math.max, y.higherIsBetter ? Math.max : Math.min];
  return places.flatMap((place, number) => {
    const next = places[number + 1];
    return next ? [place, [worseAcross(place[0], next[0]), worseUp(place[1], next[1])]] : [place];
  });
}

function ends(point, x, y) {
  const [across, up] = [point.intervals?.[x.metric], point.intervals?.[y.metric]];
  return [0, 1].map((end) => ({
    [x.metric]: across ? across[end] : point.values[x.metric],
    [y.metric]: up ? up[end] : point.values[y.metric],
  }));
}

function bars(point, x, y, across, up) {
  const [low, high] = ends(point, x, y);
  const [left, right] = [low, high].map((end) => across.at(end[x.metric]) - across.at(point.values[x.metric]));
  const [bottom, top] = [low, high].map((end) => up.at(end[y.metric]) - up.at(point.values[y.metric]));
  return [
    svg("line", { class: "interval", x1: left, x2: right }),
    svg("line", { class: "interval", y1: bottom, y2: top }),
  ];
}

function marked(other, [left, top]) {
  const attributes = { class: "other", transform: `translate(${left},${top})`, tabindex: 0, role: "img" };
  return svg("g", { ...attributes, "aria-label": other.title },
    svg("circle", { class: "area", r: 12 }), svg("path", { class: "mark", d: SHAPES[other.shape] }));
}

/* Names beside marks, each on the first side where it covers nothing; without one where there is no such side. */
function names(others, places, marks, width, height) {
  const taken = marks.map(([left, top]) => [left - 8, top - 8, left + 8, top + 8]);
  return others.flatMap(({ name }, number) => {
    const [left, top] = places[number];
    const [long, high] = [name.length * 7.2, 18];
    const beside = [[left + 12, top - 9], [left - 12 - long, top - 9]];
    const aboveAndBelow = [[left - long / 2, top - 28], [left - long / 2, top + 10]];
    const free = [...beside, ...aboveAndBelow].map(([x, y]) => [x, y, x + long, y + high]).find((box) =>
      box[0] > MARGIN.left && box[2] < width && box[1] > 0 && box[3] < height - MARGIN.bottom &&
      !taken.some((each) => box[0] < each[2] && each[0] < box[2] && box[1] < each[3] && each[1] < box[3]));
    if (!free) return [];
    taken.push(free);
    return [svg("text", { class: "name", x: free[0] + long / 2, y: free[1] + 13, "text-anchor": "middle" }, name)];
  });
}
