"use strict";
(() => {
  // Sorting: a second click turns it round; what has no figure comes last either way.
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort ?? cell.textContent.trim().toLowerCase();
  };
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th"), body = head.closest("table").tBodies[0];
      const up = head.getAttribute("aria-sort") !== "ascending", column = head.cellIndex;
      for (const other of head.parentElement.cells) if (other.ariaSort) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const compare = (a, b) => {
        const x = value(a, column), y = value(b, column);
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
        return up ? order : -order;
      };
      body.append(...[...body.rows].sort(compare));
    });
  }

  // Filtering: every word has to stand somewhere in the row.
  for (const form of document.querySelectorAll("form.filter")) {
    form.hidden = false;
    const rows = [...document.getElementById(form.dataset.table).tBodies[0].rows];
    const [text, status, told] = [form.elements.words, form.elements.status, form.querySelector("output")];
    const run = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const there = words.every(word => row.dataset.words.includes(word))
          && (!status.value || row.dataset.status === status.value);
        row.hidden = !there;
        shown += there;
      }
      told.value = `${shown} of ${rows.length} shown`;
    };
    form.addEventListener("input", run);
    form.addEventListener("submit", event => event.preventDefault());
    run();
  }

  // A link to something that is folded up opens it. Ids are quoted as they stand in addresses.
  const named = hash => {
    const plain = () => { try { return decodeURIComponent(hash); } catch { return hash; } };
    return document.getElementById(hash) ?? document.getElementById(plain());
  };
  // Of an utterance that isn't among those shown it opens the case, and says so.
  const unlisted = document.createElement("p");
  unlisted.className = "unlisted";
  unlisted.setAttribute("role", "status");
  const caseOf = hash => {
    const [id, utterance] = hash.split(/&utterance=|%26utterance%3D/i), found = utterance === undefined ? null : named(id);
    if (found?.localName !== "details") return null;
    unlisted.textContent = "This utterance is not among those shown.";
    found.querySelector("summary").after(unlisted);
    return found;
  };
  const reveal = () => {
    unlisted.remove();
    const hash = location.hash.slice(1), found = hash ? named(hash) ?? caseOf(hash) : null;
    for (let each = found; each; each = each.parentElement) if (each.localName === "details") each.open = true;
    if (found) found.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // A sound that several cases have is on the page once: the other players take it when their case is opened.
  const lend = () => {
    for (const audio of document.querySelectorAll("details.case[open] audio[data-again]")) {
      audio.src = document.getElementById(audio.dataset.again).src;
      delete audio.dataset.again;
    }
  };
  document.addEventListener("toggle", lend, true);
  lend();

  // What is folded up is printed all the same.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of opened) each.open = false; });

  // The word that is said lights up.
  document.addEventListener("timeupdate", event => {
    const words = event.target.closest("li")?.querySelectorAll(".timed > span") ?? [], now = event.target.currentTime;
    for (const word of words) word.classList.toggle("now", word.dataset.from <= now && now < word.dataset.to);
  }, true);
  document.addEventListener("click", event => {
    const word = event.target.closest(".timed > span"), sound = word?.closest("li").querySelector("audio");
    if (sound) { sound.currentTime = word.dataset.from; sound.play(); }
  });

  // One sound at a time.
  document.addEventListener("play", event => {
    for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
  }, true);
})();
