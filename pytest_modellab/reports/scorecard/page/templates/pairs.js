(() => {
  // Model against model: the utterances of a pair, built when the fold is opened, a few at a time.
  const fold = document.getElementById("against"), PAGE = 25;
  if (!fold) return;
  const form = fold.querySelector("form"), list = fold.querySelector("ol"), told = fold.querySelector(".told");
  const further = fold.querySelector(".further"), rest = fold.querySelector(".rest");
  const { group, first, second } = form.elements, which = [...fold.querySelectorAll(".which button")];
  let groups, lists = [], found = [], shown = 0;

  const made = (name, text = "", className = "") => {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const current = () => groups[group.value];

  const options = (select, texts, chosen) => {
    select.replaceChildren(...texts.map((text, place) => new Option(text, place)));
    select.value = chosen;
  };

  // Its words as they were compared: the reference, and what was heard instead.
  const words = pieces => {
    const line = made("bdi");
    for (const piece of pieces) {
      if (typeof piece === "string") { line.append(piece, " "); continue; }
      const [mark, expected, answer] = piece;
      const wrong = made("span", "", mark === "S" ? "wrong sub" : "wrong");
      if (mark !== "I") wrong.append(made("del", expected));
      if (mark === "S") wrong.append(" ");
      if (mark !== "D") wrong.append(made("ins", answer));
      wrong.append(made("sup", mark));
      line.append(wrong, " ");
    }
    return line;
  };

  const player = (id, label) => {
    const source = document.getElementById(id)?.src;
    if (!source) return "";
    const line = made("div", "", "sound"), audio = made("audio");
    Object.assign(audio, { controls: true, preload: "none", src: source, ariaLabel: label });
    line.append(made("span", label, "small soft"), audio);
    return line;
  };

  const answer = (side, place, reference) => {
    const line = made("p", "", "words"), errors = side.errors[place], pieces = side.words[place];
    const told = !errors ? "right" : current().asked[place] ? "wrong" : counted(errors, "error");
    line.append(made("b", side.label, "side"), " ", made("span", told, "small soft"));
    line.append(made("br"));
    if (pieces.length) line.append(words(pieces));
    else if (!errors) line.append(made("bdi", reference));
    else line.append(made("bdi", side.states[place] ?? "no answer", "soft"));
    return line;
  };

  // What was said, out of the alignment of an answer that is wrong.
  const reference = (sides, place) => {
    const given = current().references[place];
    if (given !== undefined) return given;
    const pieces = sides.map(side => side.words[place]).find(each => each?.length) ?? [];
    return pieces.map(piece => typeof piece === "string" ? piece : piece[1]).filter(Boolean).join(" ");
  };

  const given = place => {
    const line = made("p", "", "words");
    line.append(made("b", "reference", "side"), made("br"), made("bdi", current().references[place]));
    return line;
  };

  const utterance = place => {
    const { ids, units, sides, asked } = current(), pair = [sides[first.value], sides[second.value]];
    const item = made("li"), head = made("div", "", "headline"), title = made("h3");
    title.append(made("bdi", ids[place]));
    const costs = Math.abs(pair[0].errors[place] - pair[1].errors[place]);
    head.append(title, made("span", asked[place] || `${counted(costs, "error")} more in ${counted(units[place], "word")}`));
    item.append(head);
    if (pair.some(side => place in side.states)) item.append(given(place));
    item.append(...pair.map(side => answer(side, place, reference(pair, place))));
    const said = pair.filter(side => side.spoken && side.sounds[place]);
    if (said.length) item.append(...said.map(side => player(side.sounds[place], `said by ${side.label}`)));
    else {
      const one = [...pair, ...sides].find(side => !side.spoken && side.sounds[place]);
      if (one) item.append(player(one.sounds[place], "what they heard"));
    }
    return item;
  };

  const more = () => {
    list.append(...found.slice(shown, shown + PAGE).map(utterance));
    shown = Math.min(found.length, shown + PAGE);
    further.hidden = shown === found.length;
    further.textContent = `Show more: ${found.length - shown} left`;
  };

  const better = (one, other) => {
    const { ids, sides } = current(), [a, b] = [sides[one].errors, sides[other].errors];
    const places = ids.map((_, place) => place).filter(place => a[place] < b[place]);
    return places.sort((x, y) => (b[y] - a[y]) - (b[x] - a[x]) || x - y);
  };

  // The utterances in which one of the two makes fewer errors.
  const choose = side => {
    which.forEach((button, place) => button.setAttribute("aria-pressed", String(place === side)));
    found = lists[side];
    shown = 0;
    list.replaceChildren();
    more();
  };

  const show = () => {
    const { sides, alike, more: unlisted, told: tests } = current();
    const [one, other] = [Number(first.value), Number(second.value)], pairs = [[one, other], [other, one]];
    lists = pairs.map(pair => better(...pair));
    which.forEach((button, place) => {
      const [a, b] = pairs[place], costs = lists[place].reduce((sum, at) => sum + sides[b].errors[at] - sides[a].errors[at], 0);
      const where = counted(lists[place].length, "utterance");
      button.textContent = `${sides[a].label} is better in ${where}, by ${counted(costs, "error")}`;
      button.disabled = !lists[place].length;
    });
    const two = `${Math.min(one, other)}-${Math.max(one, other)}`, left = unlisted[two];
    told.textContent = one === other ? "Choose two different models." : tests[two] ?? "";
    choose(lists[0].length ? 0 : 1);
    rest.textContent = one === other ? "" : `In ${counted(alike[two], "utterance")} both make the same number of errors.`
      + (left ? ` ${counted(left, "utterance")} more that differ are in the records.` : "");
  };

  const chooseGroup = () => {
    const labels = current().sides.map(side => side.label);
    options(first, labels, 0);
    options(second, labels, 1);
    show();
  };

  const begin = () => {
    if (groups || !fold.open) return;
    groups = JSON.parse(document.getElementById("pairs-data").textContent);
    options(group, groups.map(each => each.title), 0);
    group.parentElement.hidden = groups.length === 1;
    form.hidden = false;
    chooseGroup();
  };
  fold.addEventListener("toggle", begin);
  group.addEventListener("change", chooseGroup);
  for (const select of [first, second]) select.addEventListener("change", show);
  which.forEach((button, place) => button.addEventListener("click", () => choose(place)));
  form.addEventListener("submit", event => event.preventDefault());
  further.addEventListener("click", more);
  begin();
})();
