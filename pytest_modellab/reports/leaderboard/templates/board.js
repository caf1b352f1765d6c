"use strict";
(() => {
  // As the figures of the page itself are written: suffix, least decimals, significant digits.
  const shown = (value, head) => {
    const { suffix, least, significant, scale } = head.dataset;
    const number = value * Number(scale), nearest = scale === "100" && number > 50 ? 100 : 0, gap = number - nearest;
    const decimals = gap === 0 ? Number(least)
      : Math.max(Number(least), Number(significant) - 1 - Math.floor(Math.log10(Math.abs(gap))));
    return number.toFixed(Math.min(decimals, 20)) + suffix;
  };
  const end = (value, scale) => scale !== 100 ? Number(value.toPrecision(3)).toString()
    : (100 * value).toFixed(value >= 0.0995 ? 0 : 1);
  const mean = numbers => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

  for (const table of document.querySelectorAll("table.board")) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    const form = document.getElementById(table.dataset.filter);
    const boxes = [...table.querySelectorAll("thead input")];
    form.hidden = false;
    for (const box of boxes) box.hidden = false;

    const aggregated = (row, metric, kind, chosen) => {
      const found = chosen.map(name => row.querySelector(`td[data-set="${CSS.escape(name)}"]`)?.dataset[metric]);
      if (!found.length || found.some(each => each === undefined)) return null;
      return kind === "peak" ? Math.max(...found.map(Number)) : mean(found.map(Number));
    };

    const average = () => {
      const chosen = boxes.filter(each => each.checked).map(each => each.value);
      for (const row of body.rows) {
        for (const cell of row.querySelectorAll("td[data-set]"))
          cell.classList.toggle("unchosen", !chosen.includes(cell.dataset.set));
        for (const cell of row.querySelectorAll("td[data-metric]")) {
          const head = heads[cell.cellIndex], metric = cell.dataset.metric;
          const value = aggregated(row, metric, head.dataset.kind, chosen);
          cell.dataset.sort = value ?? "";
          const [low, high] = ["low", "high"].map(end => aggregated(row, end, "mean", chosen));
          const noisy = chosen.some(name =>
            row.querySelector(`td[data-set="${CSS.escape(name)}"]`)?.dataset.noisy?.split(" ").includes(metric));
          cell.replaceChildren(value === null ? "–" : shown(value, head) + (noisy ? " ~" : ""));
          if (value !== null && cell.classList.contains("average") && low !== null && high !== null) {
            const span = document.createElement("span"), scale = Number(head.dataset.scale);
            span.className = "interval";
            span.textContent = `[${end(low, scale)}, ${end(high, scale)}]`;
            cell.append(span);
          }
        }
      }
      document.getElementById(table.getAttribute("aria-describedby")).textContent = chosen.length
        ? `Average over ${chosen.join(", ")}.` : "Choose data sets to average over.";
      sort();
    };

    let column = heads.findIndex(each => each.classList.contains("average")), up = table.dataset.better === "lower";
    const key = row => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim().toLowerCase();
    const sort = () => {
      const order = [...body.rows].sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        const found = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
        return up ? found : -found;
      });
      body.append(...order);
      heads.forEach((head, i) => head.ariaSort && head.setAttribute("aria-sort",
        i === column ? (up ? "ascending" : "descending") : "none"));
    };
    const filter = () => {
      const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of body.rows)
        row.hidden = !(words.every(word => row.dataset.words.includes(word))
          && (!form.elements.device.value || row.dataset.device === form.elements.device.value));
    };

    for (const button of table.querySelectorAll("thead button")) button.addEventListener("click", () => {
      const chosen = button.closest("th").cellIndex;
      up = chosen === column ? !up : button.dataset.first !== "descending";
      column = chosen;
      sort();
    });
    for (const box of boxes) box.addEventListener("change", average);
    form.addEventListener("input", filter);
    form.addEventListener("submit", event => event.preventDefault());
    average();
  }
})();
