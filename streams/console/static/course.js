// The course of a case as a chart to zoom into. The drawing that the server made stays for paper, for screen readers, and where
// there are no scripts or no numbers.
"use strict";
(async () => {
  const figure = document.querySelector("[data-course]");
  const answer = figure && (await fetch(figure.dataset.course).catch(() => null));
  if (!answer?.ok) return;
  const course = await answer.json();
  const [plot, slider, readout, shown] = [".plot", "input", ".readout", ".shown"].map((each) => figure.querySelector(`.chart ${each}`));
  const at = (after) => (course.begins + after) / 1000;
  const [begins, ends] = [course.begins / 1000, Math.max(course.ends, course.begins + 1000) / 1000];
  const color = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const people = (count) => `${count} ${count === 1 ? "person" : "people"}`;

  // Rows: the replies, when somebody left the window, what was told, and both ends.
  const rows = course.at.map((after, n) => ({ at: at(after), hostile: course.hostile[n], other: course.other[n],
    people: course.people[n], within: course.within?.[n] }));
  const by = (time) => rows.findLast((row) => row.at <= time);
  const between = (time) => ({ at: time, hostile: null, other: null, people: by(time)?.people ?? 0, within: by(time)?.within ?? 0 });
  const told = course.told.map(([after, said]) => ({ ...between(at(after)), said })).filter((row) => row.at >= begins && row.at <= ends);
  const all = [between(begins), ...rows, ...told, between(ends)].sort((a, b) => a.at - b.at);
  const stops = all.flatMap((row, n) => (row.said || row.hostile !== null || row.other !== null ? [n] : []));
  if (stops.length === 0) return;

  const top = Math.max(course.people.at(-1) ?? 0, course.critical);
  const clock = (parts) => new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", ...parts });
  const [minutes, seconds, day] = [clock({}), clock({ second: "2-digit" }), new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short" })];
  const time = (value, parts = seconds) => parts.format(new Date(value * 1000));
  const days = (value) => day.format(new Date(value * 1000));

  function ticks(_, splits, __, ___, step) {
    let before = "";
    return splits.map((value) => {
      const line = step >= 86400 ? "" : time(value, step < 60 ? seconds : minutes);
      const date = days(value) === before ? "" : (before = days(value));
      return line && date ? `${line}\n${date}` : line || date;
    });
  }

  const axis = { stroke: color("--quiet"), grid: { show: false }, ticks: { stroke: color("--line") }, font: "12px system-ui, sans-serif" };
  const stepped = { paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, scale: "people" };
  const dots = (name) => ({ scale: "hostility", paths: () => null, points: { show: true, size: 7, width: 0, fill: color(name), stroke: color(name) } });
  const options = {
    width: plot.clientWidth || 600, height: 300, legend: { show: false }, padding: [8, 8, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, dist: 5 } },
    // Two bands: how many people above, how hostile each reply is below.
    scales: { x: { range: (_, low, high) => [Math.max(begins, low), Math.min(ends, high)] },
      people: { range: () => [-0.85 * top, 1.3 * top] }, hostility: { range: () => [-0.04, 3.45] } },
    axes: [{ ...axis, values: ticks, space: 70 },
      { ...axis, scale: "people", size: 34, splits: () => wholes(top), values: (_, splits) => splits },
      { ...axis, scale: "hostility", side: 1, size: 34, splits: () => [0, course.min_hostility, 1], values: (_, splits) => splits }],
    series: [{}, { ...stepped, stroke: color("--hostile"), width: 2 }, { ...stepped, stroke: color("--ink"), width: 1.5, dash: [6, 3], show: course.within !== null },
      dots("--other"), dots("--hostile")],
    hooks: { drawAxes: [lines], setScale: [place], setCursor: [followed], setSize: [place] },
  };

  function wholes(most) {
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => most / each <= 5) ?? most;
    return Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
  }

  // What stands still: the bounds, what is usual, and when somebody was told.
  function lines(chart) {
    const { ctx, bbox } = chart;
    const ratio = uPlot.pxRatio;
    const right = bbox.left + bbox.width;
    ctx.save();
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    const across = (scale, value, name, dash, said) => {
      const y = chart.valToPos(value, scale, true);
      drawn(ctx, [[bbox.left, y], [right, y]], color(name)(), dash.map((each) => each * ratio));
      written(said, bbox.left + 5 * ratio, y - 5 * ratio, "left");
    };
    const written = (said, x, y, align) => {
      ctx.textAlign = align;
      ctx.fillStyle = color("--quiet")();
      ctx.fillText(said, x, y);
    };
    across("people", course.opens, "--line", [3, 4], `${course.opens}: ${course.within ? "opens a case" : "at least, beside the evidence"}`);
    across("people", course.critical, "--line", [3, 4], `${course.critical}: critical`);
    across("people", 0, "--quiet", [], "");
    written("replies, by how hostile", bbox.left + 5 * ratio, chart.valToPos(0, "people", true) + 15 * ratio, "left");
    if (course.usual) across("people", Math.min(course.usual, top), "--good", [2, 3], "");
    across("hostility", course.min_hostility, "--line", [3, 4], "");
    for (const [n, { at: when, said }] of told.entries()) {
      const x = chart.valToPos(when, "x", true);
      if (x < bbox.left || x > right) continue;
      drawn(ctx, [[x, bbox.top], [x, bbox.top + bbox.height]], color("--ink")(), [4 * ratio, 3 * ratio]);
      const isLate = x > bbox.left + bbox.width * 0.75;
      written(said, x + (isLate ? -5 : 5) * ratio, bbox.top + (12 + 15 * n) * ratio, isLate ? "right" : "left");
    }
    ctx.restore();
  }

  function drawn(ctx, points, stroke, dash) {
    ctx.strokeStyle = stroke;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash(dash);
    ctx.beginPath();
    for (const [x, y] of points) ctx.lineTo(x, y);
    ctx.stroke();
  }

  const data = ["at", "people", "within", "other", "hostile"].map((name) => all.map((row) => row[name] ?? null));
  const mark = document.createElement("div");
  mark.className = "mark-here";
  figure.classList.add("live");
  figure.querySelector(".chart").hidden = false;
  figure.querySelector(".drawn").removeAttribute("tabindex");
  options.width = plot.clientWidth;
  let here = 0;
  slider.max = stops.length - 1;
  const chart = new uPlot(options, data, plot);
  chart.over.append(mark);
  chosen(Math.max(0, stops.findIndex((n) => all[n].said)), false);

  // One stop is chosen: by the pointer, or with the slider by whoever has none.
  function chosen(stop, isSpoken) {
    here = stop;
    slider.value = stop;
    slider.setAttribute("aria-valuetext", `${stop + 1} of ${stops.length}`);
    readout.setAttribute("aria-live", isSpoken ? "polite" : "off");
    readout.textContent = words(all[stops[stop]]);
    place(chart);
  }

  function words(row) {
    const what = row.said ?? `${row.hostile === null ? "not hostile" : "hostile"}, ${(row.hostile ?? row.other).toFixed(2)}`;
    const within = course.within ? `, ${row.within} within the window` : "";
    return `${days(row.at)}, ${time(row.at)}: ${what}. ${people(row.people)} hostile so far${within}.`;
  }

  function place(chart) {
    if (!chart.over.contains(mark)) return;
    const row = all[stops[here]];
    const x = chart.valToPos(row.at, "x");
    const value = row.hostile ?? row.other;
    mark.hidden = x < 0 || x > chart.over.clientWidth;
    mark.style.transform = `translateX(${x}px)`;
    mark.classList.toggle("bare", value === null);
    if (value !== null) mark.style.setProperty("--y", `${chart.valToPos(value, "hostility")}px`);
    const { min, max } = chart.scales.x;
    const seen = stops.filter((n) => all[n].at >= min && all[n].at <= max && !all[n].said);
    const hostile = seen.filter((n) => all[n].hostile !== null).length;
    const some = course.drawn < course.replies ? ` Of ${course.replies} replies ${course.drawn} are drawn.` : "";
    const said = `Shown: ${time(min)} to ${time(max)}, ${seen.length} replies, ${hostile} of them hostile.${some}`;
    if (shown.textContent !== said) shown.textContent = said;
  }

  function followed(chart) {
    if (chart.cursor.left < 0 || !chart.over.matches(":hover")) return;
    const when = chart.posToVal(chart.cursor.left, "x");
    const after = stops.findIndex((n) => all[n].at >= when);
    const next = after < 0 ? stops.length - 1 : after;
    const isBefore = next > 0 && when - all[stops[next - 1]].at < all[stops[next]].at - when;
    chosen(isBefore ? next - 1 : next, false);
  }

  function zoom(how) {
    const { min, max } = chart.scales.x;
    const width = how === "whole" ? ends - begins : Math.min(ends - begins, Math.max(1, (max - min) * (how === "closer" ? 0.5 : 2)));
    show(all[stops[here]].at - width / 2, width);
  }

  function show(from, width) {
    const min = Math.max(begins, Math.min(from, ends - width));
    chart.setScale("x", { min, max: min + width });
  }

  slider.addEventListener("input", () => {
    chosen(Number(slider.value), true);
    const { min, max } = chart.scales.x;
    const when = all[stops[here]].at;
    if (when < min || when > max) show(when - (max - min) / 2, max - min);
  });
  for (const button of figure.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(button.dataset.zoom));
  const zooms = { "+": "closer", "=": "closer", "-": "wider", 0: "whole" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=radio], [type=range]), textarea, select, dialog")) return;
    if (event.key === "c") slider.focus();
    else if (zooms[event.key] && figure.contains(event.target)) zoom(zooms[event.key]);
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: options.height })).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
})();
