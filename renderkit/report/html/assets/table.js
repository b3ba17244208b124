"use strict";
// Sorting and filtering of the camera table.
{
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = [...body.rows].filter((row) => row.dataset.index !== undefined);
  const headers = [...table.tHead.rows[0].cells];
  const natural = new Intl.Collator("en", { numeric: true });

  function sortBy(column) {
    const header = headers[column];
    const isText = header.classList.contains("text");
    // The first click on a number shows the worst on top.
    const first = !isText && header.dataset.better !== "higher" ? "descending" : "ascending";
    const now = header.getAttribute("aria-sort");
    const order = now === "none" ? first : now === "ascending" ? "descending" : "ascending";
    for (const other of headers) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keyed = rows.map((row) => {
      const cell = row.cells[column];
      return { row, text: cell.textContent, value: cell.dataset.v === undefined ? NaN : Number(cell.dataset.v) };
    });
    keyed.sort((a, b) => {
      if (isText) return sign * natural.compare(a.text, b.text);
      // What could not be computed goes last, whichever way.
      if (Number.isNaN(a.value) || Number.isNaN(b.value)) return Number.isNaN(a.value) - Number.isNaN(b.value);
      return sign * (a.value - b.value);
    });
    body.append(...keyed.map((item) => item.row));
  }

  const name = document.getElementById("filter");
  const state = document.getElementById("state");
  function filter() {
    const wanted = name.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const missing = [...row.cells].some((cell) => cell.textContent === "-");
      const fits = state.value === "" || row.classList.contains(state.value) || (state.value === "missing" && missing);
      row.hidden = !(fits && row.cells[0].textContent.toLowerCase().includes(wanted));
      shown += !row.hidden;
    }
    document.getElementById("count").textContent = `${shown} of ${rows.length} shown`;
  }

  headers.forEach((header, column) => header.querySelector("button").addEventListener("click", () => sortBy(column)));
  name.addEventListener("input", filter);
  state.addEventListener("change", filter);
}
