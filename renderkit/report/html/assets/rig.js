"use strict";
// The rig in 3D: frusta and centres coloured by the chosen metric, meshes in the middle; a click opens a camera.
// Blue to brown or yellow, told apart with every common colour blindness; the worst stands out most from the background.
const SCALES = {
  light: [[0, "#86bbe6"], [0.5, "#b98a3f"], [1, "#7a2e00"]],
  dark: [[0, "#3f74ad"], [0.5, "#a98f5d"], [1, "#ffd54a"]],
};
let rigIsDrawn = false;

function colorRange(about, values) {
  // The worst cameras saturate, so that one outlier does not make all others look alike.
  const known = values.filter((value) => value !== null);
  const low = percentile(known, 0.02);
  const high = percentile(known, 0.98);
  const span = Math.max(high - low, leastSpan(about));
  return about.better === "higher" ? [high - span, high] : [low, low + span];
}

function frustumLines(scene, keep, values) {
  const line = { x: [], y: [], z: [], value: [] };
  const add = (point, value) => {
    line.x.push(point ? point[0] : null);
    line.y.push(point ? point[1] : null);
    line.z.push(point ? point[2] : null);
    line.value.push(value);
  };
  scene.frusta.forEach((corners, index) => {
    if (!corners || !keep(index)) return;
    const center = scene.centers[index];
    const [a, b, c, d] = corners;
    for (const point of [a, b, c, d, a, center, b, null, c, center, d, null]) add(point, values[index]);
  });
  return line;
}

// A little above, off the side of whatever "up" is.
function viewpoint(scene, distance) {
  const [x, y, z] = scene.up;
  const side = Math.abs(y) > 0.5 ? [0.9, 0, -1.1] : [1.1, -0.9, 0];
  const at = (axis, up) => distance * (side[axis] + 0.4 * up);
  return { x: at(0, x), y: at(1, y), z: at(2, z) };
}

function rigHover(camera, about, value) {
  const text = value === null ? "not computable" : `${value.toFixed(about.decimals)} ${about.unit}`;
  return `${plain(camera.name)} (${plain(camera.mesh)})<br>${about.plain} ${text}`;
}

function rigTraces(scene, about, values) {
  const [cmin, cmax] = colorRange(about, values);
  const scale = { cmin, cmax, colorscale: dark.matches ? SCALES.dark : SCALES.light, reversescale: about.better === "higher" };
  const traces = scene.meshes.map((mesh) => ({
    type: "mesh3d", x: mesh.x, y: mesh.y, z: mesh.z, i: mesh.i, j: mesh.j, k: mesh.k,
    color: "#aab4be", hoverinfo: "skip", flatshading: true,
    // In metres the faces of a head are so small that plotly's thresholds would leave them without normals.
    lighting: {
      ambient: 0.45, diffuse: 0.8, specular: 0.05, roughness: 0.9, facenormalsepsilon: 0, vertexnormalsepsilon: 0,
    },
    lightposition: viewpoint(scene, 3),
  }));
  const hasValue = (index) => values[index] !== null;
  const hasNone = (index) => values[index] === null;
  if (scene.frusta) {
    const frusta = ({ x, y, z }, line) => ({ type: "scatter3d", mode: "lines", x, y, z, hoverinfo: "skip", line });
    const lines = frustumLines(scene, hasValue, values);
    traces.push(frusta(lines, { width: 4, color: lines.value, ...scale }));
    traces.push(frusta(frustumLines(scene, hasNone, values), { width: 2, color: color("--muted") }));
  }
  const group = (keep) => scene.centers.map((_, index) => index).filter((index) => scene.centers[index] && keep(index));
  const points = (indices) => ({
    type: "scatter3d", mode: "markers", customdata: indices, hoverinfo: "text",
    x: indices.map((index) => scene.centers[index][0]),
    y: indices.map((index) => scene.centers[index][1]),
    z: indices.map((index) => scene.centers[index][2]),
    text: indices.map((index) => rigHover(DATA.cameras[index], about, values[index])),
  });
  const known = group(hasValue);
  const unknown = group(hasNone);
  traces.push({
    ...points(known),
    marker: {
      size: 6, color: known.map((index) => values[index]), ...scale, line: { width: 1, color: color("--fg") },
      colorbar: {
        orientation: "h", x: 0.5, y: 0, yanchor: "bottom", len: 0.8, thickness: 10,
        title: { text: axisTitle(about), side: "top" }, tickfont: { color: color("--fg") },
      },
    },
  });
  if (unknown.length) {
    traces.push({ ...points(unknown), marker: { size: 4, color: color("--muted") } });
  }
  return traces;
}

function drawRig() {
  const div = document.getElementById("rig");
  const scene = DATA.scene;
  if (!div || !scene) return;
  const about = DATA.metrics[metric()];
  const values = DATA.cameras.map((camera) => camera.values[metric()]);
  const axis = {
    showbackground: false, gridcolor: color("--line"), zeroline: false, showspikes: false,
    title: { text: "" }, tickfont: { color: color("--muted"), size: 10 },
  };
  const [x, y, z] = scene.up;
  const camera = { up: { x, y, z }, eye: viewpoint(scene, 1) };
  Plotly.react(div, rigTraces(scene, about, values), layout({
    margin: { l: 0, r: 0, t: 0, b: 0 }, uirevision: "rig",
    scene: { domain: { x: [0, 1], y: [0.12, 1] }, aspectmode: "data", xaxis: axis, yaxis: axis, zaxis: axis, camera },
  }), CONFIG);
  if (!rigIsDrawn) {
    div.on("plotly_click", (event) => {
      const index = event.points[0] && event.points[0].customdata;
      if (index !== undefined) openCamera(index);
    });
    rigIsDrawn = true;
  }
}
