"use strict";
// A picture in full size: zoom by wheel, buttons or keys, pan by drag or arrow keys.
{
  const dialog = document.getElementById("viewer");
  const stage = document.getElementById("viewer-stage");
  const image = document.getElementById("viewer-image");
  const choice = document.getElementById("viewer-layer");
  const place = { x: 0, y: 0, zoom: 1 };
  let overlays = null;

  function show() {
    image.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.zoom})`;
  }

  function fit() {
    const { clientWidth, clientHeight } = stage;
    place.zoom = Math.min(clientWidth / image.naturalWidth, clientHeight / image.naturalHeight) || 1;
    place.x = (clientWidth - place.zoom * image.naturalWidth) / 2;
    place.y = (clientHeight - place.zoom * image.naturalHeight) / 2;
    show();
  }

  // The point under (x, y) of the stage stays where it is.
  function zoomAt(factor, x, y) {
    const zoom = Math.min(40, Math.max(0.05, place.zoom * factor));
    place.x = x - (x - place.x) * (zoom / place.zoom);
    place.y = y - (y - place.y) * (zoom / place.zoom);
    place.zoom = zoom;
    show();
  }

  function zoomMiddle(factor) {
    zoomAt(factor, stage.clientWidth / 2, stage.clientHeight / 2);
  }

  function open(camera) {
    overlays ??= JSON.parse(document.getElementById("overlays").textContent);
    choice.replaceChildren();
    const add = (title, source) => choice.append(Object.assign(new Option(title), { source }));
    const overlay = overlays[camera.dataset.index];
    if (overlay) add("overlay, full size", overlay);
    for (const layer of camera.querySelectorAll(".layer")) {
      add(layer.querySelector("figcaption").textContent, layer.querySelector("img").src);
    }
    document.getElementById("viewer-title").textContent = `Camera ${camera.querySelector("h3").textContent}`;
    dialog.showModal();
    load();
  }

  function load() {
    const chosen = choice.selectedOptions[0];
    image.alt = chosen.textContent;
    image.src = chosen.source;
    image.decode().then(fit);
  }

  for (const target of document.querySelectorAll("details.camera .enlarge, details.camera .stack")) {
    target.addEventListener("click", () => open(target.closest("details.camera")));
  }
  choice.addEventListener("change", load);
  for (const button of dialog.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => (button.dataset.zoom === "fit" ? fit() : zoomMiddle(Number(button.dataset.zoom))));
  }
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY / 400), event.clientX - box.x, event.clientY - box.y);
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => stage.setPointerCapture(event.pointerId));
  stage.addEventListener("pointermove", (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) return;
    place.x += event.movementX;
    place.y += event.movementY;
    show();
  });
  const ARROWS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  stage.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      place.x += arrow[0];
      place.y += arrow[1];
      show();
    } else if (event.key === "+" || event.key === "-") {
      zoomMiddle(event.key === "+" ? 1.25 : 0.8);
    } else {
      return;
    }
    event.preventDefault();
  });
}
