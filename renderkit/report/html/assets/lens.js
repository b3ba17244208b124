"use strict";
// Lens models on normalised coordinates, as renderkit/geometry/brown_conrady.py and kannala_brandt.py have them (OpenCV's order of coefficients).
// Source: OpenCV, "Camera Calibration and 3D Reconstruction" and "Fisheye camera model".

const RIM_STEPS = 4000;

function horner(coefficients, x) {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

// The first x at which a curve no longer rises, among angles from the axis up to 90 degrees; inf when it always rises.
function turningAngle(curve) {
  let before = 0;
  for (let step = 1; step < RIM_STEPS; step += 1) {
    const angle = (0.5 * Math.PI * step) / RIM_STEPS;
    const value = curve(angle);
    if (!(value > before)) return (0.5 * Math.PI * (step - 1)) / RIM_STEPS;
    before = value;
  }
  return Infinity;
}

function tiltMatrix(tauX, tauY) {
  const [cx, sx, cy, sy] = [Math.cos(tauX), Math.sin(tauX), Math.cos(tauY), Math.sin(tauY)];
  // Rotation about y after rotation about x.
  const r = [[cy, sy * sx, -sy * cx], [0, cx, sx], [sy, -cy * sx, cy * cx]];
  const p = [[r[2][2], 0, -r[0][2]], [0, r[2][2], -r[1][2]], [0, 0, 1]];
  return p.map((row) => [0, 1, 2].map((column) => row[0] * r[0][column] + row[1] * r[1][column] + row[2] * r[2][column]));
}

function brownConrady(coefficients) {
  const c = [...coefficients, ...Array(14).fill(0)].slice(0, 14);
  const top = [1, c[0], c[1], c[4]];
  const bottom = [1, c[5], c[6], c[7]];
  const tilt = c[12] || c[13] ? tiltMatrix(c[12], c[13]) : null;
  const turn = turningAngle((angle) => {
    const radius = Math.tan(angle);
    return radius * horner(top, radius * radius) / horner(bottom, radius * radius);
  });
  const limit = turn === Infinity ? Infinity : Math.tan(turn);
  return (x, y) => {
    const r2 = x * x + y * y;
    if (r2 > limit * limit) return null;
    const factor = horner(top, r2) / horner(bottom, r2);
    const bx = x * factor + 2 * c[2] * x * y + c[3] * (r2 + 2 * x * x) + r2 * (c[8] + c[9] * r2);
    const by = y * factor + c[2] * (r2 + 2 * y * y) + 2 * c[3] * x * y + r2 * (c[10] + c[11] * r2);
    if (!tilt) return [bx, by];
    const [a, b, w] = tilt.map((row) => row[0] * bx + row[1] * by + row[2]);
    return [a / w, b / w];
  };
}

function kannalaBrandt(coefficients) {
  const polynomial = [1, ...coefficients];
  const curve = (theta) => theta * horner(polynomial, theta * theta);
  const turn = turningAngle(curve);
  return (x, y) => {
    const radius = Math.hypot(x, y);
    const theta = Math.atan(radius);
    if (theta > turn) return null;
    const scale = radius > 0 ? curve(theta) / radius : 1;
    return [x * scale, y * scale];
  };
}

function makeLens(model, coefficients) {
  if (model === "kannala_brandt") return kannalaBrandt(coefficients);
  if (model === "brown_conrady") return brownConrady(coefficients);
  return (x, y) => [x, y];
}
