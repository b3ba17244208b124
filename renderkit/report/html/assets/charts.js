"use strict";
// Histogram, time line and contour offset.
const metricChoice = document.getElementById("metric");
let lastOpened = null;

function metric() {
  return Number(metricChoice.value);
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

// Ten units of the last digit shown: less than that is no difference to look at.
function leastSpan(about) {
  return 10 ** (1 - about.decimals);
}

function drawHistogram() {
  const div = document.getElementById("histogram");
  const about = DATA.metrics[metric()];
  const now = DATA.cameras.map((camera) => camera.values[metric()]).filter((value) => value !== null);
  const before = DATA.baseline ? DATA.baseline[metric()].filter((value) => value !== null) : [];
  const all = [...now, ...before];
  const span = Math.max(Math.max(...all) - Math.min(...all), leastSpan(about));
  const low = about.better === "higher" ? Math.max(...all) - span : Math.min(...all);
  const xbins = { start: low, end: low + span * 1.0001, size: span / 30 };
  const traces = [];
  if (before.length) {
    traces.push({
      type: "histogram", x: before, xbins, name: "baseline", hoverinfo: "x+y+name",
      marker: { color: color("--muted"), opacity: 0.55, pattern: { shape: "/" } },
    });
  }
  traces.push({
    type: "histogram", x: now, xbins, name: "this run", hoverinfo: "x+y+name",
    marker: { color: color("--link"), opacity: 0.8, line: { width: 1, color: color("--bg") } },
  });
  div.setAttribute("aria-label", now.length
    ? `Histogram of ${about.plain} over ${now.length} cameras: median ${percentile(now, 0.5).toPrecision(3)}, ` +
      `from ${Math.min(...now).toPrecision(3)} to ${Math.max(...now).toPrecision(3)}`
    : `No camera has ${about.plain}`);
  Plotly.react(div, traces, layout({
    barmode: "overlay", showlegend: before.length > 0, legend: { orientation: "h", y: 1.1 },
    xaxis: { title: { text: axisTitle(about) }, range: [low - 0.02 * span, low + 1.06 * span] },
    yaxis: { title: { text: "cameras" } },
  }), CONFIG);
}

function drawTimeline() {
  const div = document.getElementById("timeline");
  if (!div || !DATA.timeline) return;
  const about = DATA.metrics[metric()];
  const series = DATA.timeline.series[metric()];
  const frames = DATA.timeline.frames.map(plain);
  const worse = about.better === "higher" ? Math.min : Math.max;
  const over = (pick) => frames.map((_, frame) => {
    const known = series.map((line) => line[frame]).filter((value) => value !== null);
    return known.length ? pick(known) : null;
  });
  const lines = [
    { name: "median of the rig", y: over((known) => percentile(known, 0.5)), line: { color: color("--link"), width: 2 } },
    { name: "worst camera", y: over((known) => worse(...known)), line: { color: color("--bad"), dash: "dot" } },
  ];
  if (lastOpened !== null) {
    lines.push({
      name: `camera ${plain(DATA.cameras[lastOpened].name)}`, y: series[lastOpened],
      line: { color: color("--fg"), dash: "dash" },
    });
  }
  const traces = lines.map((line) => ({ type: "scatter", mode: "lines+markers", x: frames, ...line }));
  Plotly.react(div, traces, layout({
    showlegend: true, legend: { orientation: "h", y: 1.15 },
    xaxis: { title: { text: "frame" }, type: "category" }, yaxis: { title: { text: axisTitle(about) } },
  }), CONFIG);
  div.setAttribute("aria-label", `${about.plain} over ${frames.length} frames: median and worst camera`);
}

function drawOffsets(details) {
  const div = details.querySelector(".offset");
  const offsets = DATA.offsets[details.dataset.index];
  if (!div || !offsets) return;
  const degrees = offsets.map((_, bin) => (360 * bin) / offsets.length);
  const known = offsets.filter((value) => value !== null);
  div.setAttribute("aria-label",
    `Contour offset by direction: median ${percentile(known, 0.5).toFixed(2)} px, ` +
    `from ${Math.min(...known).toFixed(2)} to ${Math.max(...known).toFixed(2)} px`);
  Plotly.react(div, [{
    type: "bar", x: degrees, y: offsets, hovertemplate: "%{x:.0f} deg: %{y:.2f} px<extra></extra>",
    marker: { color: offsets.map((value) => (value > 0 ? "#c98a00" : "#2f8fd0")) },
  }], layout({
    bargap: 0.05, yaxis: { title: { text: "px" } },
    xaxis: { tickvals: [0, 90, 180, 270], ticktext: ["right", "down", "left", "up"] },
  }), CONFIG);
}

function drawAll() {
  drawHistogram();
  drawTimeline();
  drawRig();
  for (const details of document.querySelectorAll("details.camera[open]")) drawOffsets(details);
}

if (metricChoice) {
  startCharts(drawAll);
  metricChoice.addEventListener("change", () => window.Plotly && drawAll());
  opened.addEventListener("camera", (event) => {
    lastOpened = Number(event.detail.dataset.index);
    if (!window.Plotly) return;
    drawOffsets(event.detail);
    drawTimeline();
  });
}
