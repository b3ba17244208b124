"use strict";
// Sliders that move a camera's outline over its photograph. The camera turns about its own centre by yaw (to its right),
// then pitch (up), then roll (clockwise), and moves along its own axes (right, down, forward).
const MOVES = [
  { name: "yaw", label: "Turn right", unit: "deg", most: 5, step: 0.02 },
  { name: "pitch", label: "Turn up", unit: "deg", most: 5, step: 0.02 },
  { name: "roll", label: "Roll clockwise", unit: "deg", most: 15, step: 0.05 },
  { name: "x", label: "Move right", shift: true },
  { name: "y", label: "Move down", shift: true },
  { name: "z", label: "Move forward", shift: true },
  { name: "focal", label: "Focal length", unit: "%", most: 15, step: 0.05 },
  { name: "k1", label: "Distortion k1", unit: "", most: 0.4, step: 0.002 },
];
let outlineStore = null;

function outlineOf(index) {
  outlineStore ??= JSON.parse(document.getElementById("outlines").textContent);
  return outlineStore[index];
}

// Axes of the turned camera in the old one, as rows: what a point's coordinates are multiplied with.
function turned({ yaw = 0, pitch = 0, roll = 0 }) {
  const [a, b, g] = [yaw, pitch, roll].map((angle) => (angle * Math.PI) / 180);
  const [ca, sa, cb, sb, cg, sg] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(g), Math.sin(g)];
  return [
    [ca * cg + sa * sb * sg, cb * sg, -sa * cg + ca * sb * sg],
    [-ca * sg + sa * sb * cg, cb * cg, sa * sg + ca * sb * cg],
    [sa * cb, -sb, ca * cb],
  ];
}

// Pixels of every ring for a camera that is changed; a point that the camera does not see becomes null.
function projectOutline(outline, values) {
  const rows = turned(values);
  const { x: sx = 0, y: sy = 0, z: sz = 0, focal = 0, k1 = 0 } = values;
  const grow = 1 + focal / 100;
  const [[fx, skew, cx], [, fy, cy]] = outline.K;
  const coefficients = outline.coefficients.length ? [...outline.coefficients] : [0, 0, 0, 0];
  coefficients[0] += k1;
  const lens = makeLens(outline.model === "none" && k1 !== 0 ? "brown_conrady" : outline.model, coefficients);
  return outline.rings.map((ring) => {
    const pixels = [];
    for (let i = 0; i < ring.length; i += 3) {
      const [x, y, z] = [ring[i] - sx, ring[i + 1] - sy, ring[i + 2] - sz];
      const [a, b, c] = rows.map((row) => row[0] * x + row[1] * y + row[2] * z);
      const bent = c > 0 ? lens(a / c, b / c) : null;
      pixels.push(bent && [grow * (fx * bent[0] + skew * bent[1]) + cx, grow * fy * bent[1] + cy]);
    }
    return pixels;
  });
}

function pathOf(rings, scale) {
  const path = new Path2D();
  for (const ring of rings) {
    const seen = ring.filter((pixel) => pixel !== null);
    // Pixel (0, 0) is the centre of the top-left pixel; a canvas begins at that pixel's corner.
    seen.forEach(([u, v], i) => path[i ? "lineTo" : "moveTo"]((u + 0.5) * scale, (v + 0.5) * scale));
    path.closePath();
  }
  return path;
}

function rmsMotion(before, now) {
  let [sum, count] = [0, 0];
  before.forEach((ring, r) => ring.forEach((pixel, i) => {
    const other = now[r][i];
    if (!pixel || !other) return;
    sum += (pixel[0] - other[0]) ** 2 + (pixel[1] - other[1]) ** 2;
    count += 1;
  }));
  return count ? Math.sqrt(sum / count) : NaN;
}

function decoded(source) {
  const image = new Image();
  image.src = source;
  return image.decode().then(() => image);
}

class WhatIf {
  constructor(box, photo, matte) {
    this.outline = outlineOf(box.closest("details.camera").dataset.index);
    this.zero = projectOutline(this.outline, {});
    [this.photo, this.matte] = [photo, matte];
    this.canvas = box.querySelector("canvas");
    this.output = box.querySelector("output");
    this.sliders = [...box.querySelectorAll("input")];
    const [width, height] = this.outline.size;
    this.scale = matte.width / width;
    this.canvas.width = Math.round(2 * matte.width);
    this.canvas.height = Math.round((2 * matte.width * height) / width);
    this.scratch = document.createElement("canvas");
    [this.scratch.width, this.scratch.height] = [matte.width, matte.height];
    this.pen = this.scratch.getContext("2d", { willReadFrequently: true });
    this.pen.drawImage(matte, 0, 0);
    this.captured = this.coverage();
    this.tint = this.tinted();
    this.waiting = false;
    for (const slider of this.sliders) slider.addEventListener("input", () => this.ask());
    box.querySelector(".reset").addEventListener("click", () => {
      for (const slider of this.sliders) slider.value = 0;
      this.ask();
    });
    this.draw();
  }

  coverage() {
    const { data } = this.pen.getImageData(0, 0, this.scratch.width, this.scratch.height);
    return Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
  }

  tinted() {
    const picture = this.pen.createImageData(this.scratch.width, this.scratch.height);
    this.captured.forEach((value, i) => picture.data.set([86, 190, 255, 0.3 * value], 4 * i));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext("2d").putImageData(picture, 0, 0);
    return canvas;
  }

  values() {
    return Object.fromEntries(this.sliders.map((slider) => [slider.name, Number(slider.value)]));
  }

  iou(rings) {
    this.pen.fillStyle = "#000";
    this.pen.fillRect(0, 0, this.scratch.width, this.scratch.height);
    this.pen.fillStyle = "#fff";
    this.pen.fill(pathOf(rings, this.scale), "evenodd");
    const { data } = this.pen.getImageData(0, 0, this.scratch.width, this.scratch.height);
    let [both, either] = [0, 0];
    for (let i = 0; i < this.captured.length; i += 1) {
      const [a, b] = [this.captured[i], data[4 * i]];
      both += a < b ? a : b;
      either += a < b ? b : a;
    }
    return either ? both / either : NaN;
  }

  ask() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const values = this.values();
    const rings = projectOutline(this.outline, values);
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = "#34373c";
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.photo) pen.drawImage(this.photo, 0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.tint, 0, 0, this.canvas.width, this.canvas.height);
    const path = pathOf(rings, 2 * this.scale);
    for (const [style, width] of [["#000000a0", 5], ["#ffd000", 2.5]]) {
      pen.strokeStyle = style;
      pen.lineWidth = width;
      pen.stroke(path);
    }
    const first = (this.first ??= this.iou(this.zero));
    const iou = this.iou(rings);
    this.output.textContent = `Mask overlap (IoU) ${iou.toFixed(4)}; as calibrated ${first.toFixed(4)}. ` +
      `The outline moved by ${rmsMotion(this.zero, rings).toFixed(2)} px (RMS).`;
    for (const slider of this.sliders) showMove(slider);
  }
}

function showMove(slider) {
  const { unit, digits } = slider.dataset;
  const value = Number(slider.value);
  const text = `${value > 0 ? "+" : ""}${value.toFixed(digits)} ${unit}`.trim();
  slider.setAttribute("aria-valuetext", text);
  slider.nextElementSibling.textContent = text;
}

// A step of 1 % of the largest motion, in whole digits.
function moveInput(move, index, depth) {
  const most = move.shift ? Number((0.1 * depth).toPrecision(1)) : move.most;
  const step = move.shift ? most / 200 : move.step;
  const unit = move.shift ? DATA.unit : move.unit;
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const id = `move-${index}-${move.name}`;
  const row = document.createElement("p");
  row.className = "move";
  row.innerHTML = `<label for="${id}">${move.label}</label><input id="${id}" name="${move.name}" type="range" value="0"` +
    ` min="${-most}" max="${most}" step="${step}"><span class="value"></span>`;
  const input = row.querySelector("input");
  [input.dataset.unit, input.dataset.digits] = [unit, digits];
  return row;
}

function medianDepth(outline) {
  const depths = outline.rings.flatMap((ring) => ring.filter((_, i) => i % 3 === 2)).sort((a, b) => a - b);
  return depths[Math.floor(depths.length / 2)];
}

async function openWhatIf(details) {
  const panel = details.querySelector(".panel");
  if (panel.childElementCount) return;
  const camera = details.closest("details.camera");
  const outline = outlineOf(camera.dataset.index);
  panel.innerHTML = '<div class="stage"><canvas role="img" aria-label="The outline of the mesh, yellow, over the photograph' +
    ' and the captured mask, blue"></canvas></div><div class="moves"></div>';
  const moves = panel.querySelector(".moves");
  for (const move of MOVES) moves.append(moveInput(move, camera.dataset.index, medianDepth(outline)));
  const below = document.createElement("p");
  below.innerHTML = '<output></output> <button type="button" class="reset">Reset</button>';
  moves.append(below);
  const photo = camera.querySelector('.layer[data-layer="photo"] img');
  const [picture, matte] = await Promise.all([photo ? decoded(photo.src) : null, decoded(details.dataset.matte)]);
  panel.whatIf = new WhatIf(details, picture, matte);
  details.dataset.ready = "yes";
}

for (const details of document.querySelectorAll("details.whatif")) {
  details.addEventListener("toggle", () => details.open && openWhatIf(details));
}
