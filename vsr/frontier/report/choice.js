
// The chosen point: its pictures beside bicubic and HR, its scores, how to use it.

function choose(point) {
  chosen.point = point;
  elements.forEach((element, each) => {
    element.classList.toggle("chosen", each === point);
    element.setAttribute("aria-pressed", each === point);
  });
  const place = frontier.indexOf(point);
  if (place >= 0) byId("along").value = place;
  byId("along").setAttribute("aria-valuetext", point.label);
  byId("along").parentElement.classList.toggle("off", place < 0);
  byId("label").textContent = point.label;
  byId("standing").textContent = standing(point);
  drawPictures();
  byId("scores").replaceChildren(...data.metrics.map(scoreRow));
  byId("facts").replaceChildren(...facts(point));
}

function standing(point) {
  const missing = both().find((axis) => !(axis.metric in point.values));
  if (missing) return `not in this plane: it has no ${missing.title}`;
  const better = frontier.find((other) => beats(other, point, ...both()));
  if (better) return `dominated: ${better.label} is at least as good on both axes, and better on one`;
  return "on the frontier: no other point is as good on both axes, and better on one";
}

function startPictures() {
  const select = byId("clip");
  select.append(...data.clips.map((clip) => new Option(clip.name)));
  select.addEventListener("change", () => { chosen.clip = select.value; drawPictures(); });
  document.getElementsByName("show").forEach((button) => button.addEventListener("change", drawPictures));
}

function drawPictures() {
  const clip = data.clips.find((each) => each.name === chosen.clip);
  const moving = byId("moving");
  moving.disabled = !clip?.hr.film;
  if (moving.disabled) byId("still").checked = true;
  const pictures = { bicubic: clip?.bicubic, sr: clip && chosen.point.pictures[clip.name], hr: clip?.hr };
  const titles = { bicubic: "Bicubic", sr: chosen.point.label, hr: "Original (HR)" };
  const scores = { bicubic: data.bicubic, sr: chosen.point.values };
  for (const [id, picture] of Object.entries(pictures)) {
    show(byId(id), picture, `${titles[id]}: ${clip ? `crop of clip ${clip.name}` : "no picture"}`, moving.checked);
    const lines = scores[id] ? both().map((axis) => `${axis.title} ${text(axis, scores[id][axis.metric])}`) : [];
    byId(id).querySelector("figcaption").replaceChildren(
      html("span", { title: titles[id] }, titles[id]),
      ...(picture ? lines : ["no picture was kept"]).map((line) => html("small", {}, line)),
    );
  }
  byId("place").textContent = clip ? place(clip, moving.checked) : "No pictures of these points are shown.";
}

function place(clip, moving) {
  const factor = enlarge(clip.side);
  const size = factor > 1 ? `, enlarged ${factor}× and not smoothed` : factor < 1 ? ", made smaller to fit" : "";
  const loss = moving ? " Moving pictures are compressed with loss." : "";
  return `${clip.side} × ${clip.side} px of frame ${clip.frame} from (${clip.left}, ${clip.top}), ` +
    `where bicubic loses most${size}.${loss}`;
}

function show(figure, picture, description, moving) {
  const image = figure.querySelector("img");
  const film = moving ? picture?.film : null;
  const source = film?.src ?? picture?.still;
  if (source) image.src = source;
  else image.removeAttribute("src");
  image.alt = description;
  image.classList.toggle("film", Boolean(film));
  image.style.setProperty("--frames", film?.frames ?? 1);
  image.style.setProperty("--seconds", `${((film?.frames ?? 1) * (film?.milliseconds ?? 40)) / 1000}s`);
}

/* Show crops with whole pixels, as large as there is room for; returns the factor. */
function enlarge(side) {
  const grid = document.querySelector(".pictures");
  const room = (grid.clientWidth - 2 * 14) / 3;
  const factor = Math.floor(room / side);
  grid.style.setProperty("--size", factor ? `${factor * side}px` : "100%");
  grid.style.setProperty("--rendering", factor ? "pixelated" : "auto");
  return factor;
}

function scoreRow(axis) {
  const { values, intervals } = chosen.point;
  return html("tr", { className: both().includes(axis) ? "shown" : "" },
    html("th", { scope: "row" }, `${axis.title} ${arrow(axis)}`),
    html("td", {}, text(axis, values[axis.metric]), " ", html("small", {}, range(axis, intervals[axis.metric]))),
    html("td", {}, text(axis, data.bicubic[axis.metric])),
    html("td", {}, html("small", {}, axis.kind)));
}

function facts(point) {
  const rows = [];
  if (point.curve) rows.push(["Made by", point.curve]);
  if (point.weights) rows.push(["Loss weights λ", weights(point)]);
  if (point.trainingSeconds !== null) rows.push(["Training", duration(point.trainingSeconds)]);
  rows.push(["Scores", html("code", {}, point.results)]);
  if (point.use) rows.push([point.use.what, html("code", {}, point.use.command)]);
  return rows.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]);
}
