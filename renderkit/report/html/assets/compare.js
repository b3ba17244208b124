"use strict";
// One line per run over the cameras, for every metric.
{
  const data = JSON.parse(document.getElementById("data").textContent);
  // Told apart with every common colour blindness (Okabe and Ito), and by dash and marker as well.
  const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  const SYMBOLS = ["circle", "square", "diamond", "cross", "triangle-up", "star"];

  function drawTables() {
    for (const div of document.querySelectorAll("[data-table]")) {
      const table = data.tables[Number(div.dataset.table)];
      const traces = table.values.map((values, run) => ({
        type: "scatter", mode: "lines+markers", name: plain(data.runs[run]), x: table.cameras.map(plain), y: values,
        line: { color: COLORS[run % COLORS.length], dash: DASHES[run % DASHES.length], width: 1.5 },
        marker: { symbol: SYMBOLS[run % SYMBOLS.length], size: 7 },
      }));
      Plotly.react(div, traces, layout({
        showlegend: true, legend: { orientation: "h", y: 1.12 },
        xaxis: { type: "category", title: { text: "camera" } }, yaxis: { title: { text: axisTitle(table) } },
      }), CONFIG);
    }
  }

  startCharts(drawTables);
}
