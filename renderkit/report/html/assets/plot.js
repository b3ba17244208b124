"use strict";
// What every chart shares: plotly.js unpacked, colours of the theme, texts that are no markup.
const CONFIG = { displayModeBar: false, responsive: true };
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function layout(extra) {
  const axis = { gridcolor: color("--line"), zerolinecolor: color("--muted"), automargin: true };
  const base = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: color("--fg"), size: 13 },
    margin: { l: 50, r: 10, t: 10, b: 40 }, showlegend: false, hoverlabel: { align: "left" },
  };
  const merged = { ...base, ...extra };
  merged.xaxis = { ...axis, ...extra.xaxis };
  merged.yaxis = { ...axis, ...extra.yaxis };
  return merged;
}

// plotly reads a subset of HTML in its texts; a camera's name is none.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function axisTitle(about) {
  return about.unit ? `${about.plain} (${about.unit})` : about.plain;
}

async function loadPlotly() {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  if (!window.Plotly) throw new Error("plotly.js did not start");
}

// Unpacks plotly.js and draws; says so on the page where a browser cannot.
function startCharts(draw) {
  window.addEventListener("DOMContentLoaded", async () => {
    try {
      await loadPlotly();
      draw();
      dark.addEventListener("change", draw);
      document.documentElement.dataset.charts = "ready";
    } catch (error) {
      document.getElementById("chart-trouble").hidden = false;
      document.documentElement.dataset.charts = `failed: ${error.message}`;
    }
  });
}
