"use strict";
// Opening a camera, the slider, the landmark layers. No chart is needed for any of it.
const DATA = JSON.parse(document.getElementById("data").textContent);
const opened = new EventTarget();

function openCamera(index) {
  const details = document.querySelector(`details.camera[data-index="${index}"]`);
  if (!details) return false;
  details.open = true;
  details.querySelector("summary").focus({ preventScroll: true });
  details.scrollIntoView({ block: "start" });
  return true;
}

for (const details of document.querySelectorAll("details.camera")) {
  details.addEventListener("toggle", () => {
    if (details.open) opened.dispatchEvent(new CustomEvent("camera", { detail: details }));
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#camera-"]');
  if (link && openCamera(link.getAttribute("href").slice("#camera-".length))) event.preventDefault();
});

for (const divide of document.querySelectorAll(".divide")) {
  divide.addEventListener("input", () => divide.parentElement.style.setProperty("--at", `${divide.value}%`));
}

function slide(slider) {
  const layers = slider.closest(".picture").querySelectorAll(".layer");
  const position = Number(slider.value) / 100;
  layers.forEach((layer, index) => {
    // The layer below stays opaque, so that a blend never lets the page shine through.
    layer.style.opacity = index === 0 ? 1 : Math.min(1, Math.max(0, position - index + 1));
  });
  const nearest = layers[Math.round(position)].querySelector("figcaption").textContent;
  slider.setAttribute("aria-valuetext", nearest);
  slider.parentElement.querySelector("output").textContent = nearest;
}

for (const slider of document.querySelectorAll(".slider")) slider.addEventListener("input", () => slide(slider));
for (const select of document.querySelectorAll("select.vectors")) {
  select.addEventListener("change", () => {
    select.closest(".picture").querySelector(".stack").dataset.vectors = select.value;
  });
}

if (location.hash.startsWith("#camera-")) openCamera(location.hash.slice("#camera-".length));
