(() => {
  const told = JSON.parse(document.getElementById("told").content.textContent), answers = [];
  const part = id => document.getElementById(id);
  const shuffled = list => {
    const found = [...list];
    for (let i = found.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [found[i], found[j]] = [found[j], found[i]];
    }
    return found;
  };
  const items = shuffled(told.items).map(item => ({ ...item, clips: shuffled(item.clips) }));
  let listener = "", place = -1, answer = null, heard = new Set();

  const ready = () => {
    const rated = told.scale === "preference" ? answer.preferred !== null
      : items[place].clips.every(clip => clip in answer.ratings);
    part("next").disabled = !(rated && heard.size === items[place].clips.length);
  };
  const choice = (text, clip) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      for (const other of part("choices").children) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      answer.preferred = clip;
      ready();
    });
    return button;
  };
  const show = () => {
    const item = items[place];
    heard = new Set();
    answer = told.scale === "preference" ? { clips: item.clips, preferred: null } : { clips: item.clips, ratings: {} };
    part("place").textContent = `${place + 1} of ${items.length}`;
    part("text").textContent = item.text;
    part("choices").replaceChildren();
    part("clips").replaceChildren(...item.clips.map((clip, i) => {
      const row = document.createElement("div"), letter = String.fromCharCode(65 + i), sound = part(clip).cloneNode();
      sound.removeAttribute("id");
      sound.controls = true;
      sound.setAttribute("aria-label", `clip ${letter}`);
      sound.addEventListener("play", () => {
        for (const other of part("clips").querySelectorAll("audio")) if (other !== sound) other.pause();
      });
      sound.addEventListener("ended", () => { heard.add(clip); ready(); });
      const name = document.createElement("b");
      name.textContent = letter;
      row.append(name, sound);
      if (told.scale === "rating") {
        const slider = document.createElement("input"), value = document.createElement("output");
        Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
        slider.setAttribute("aria-label", `rating of clip ${letter}, 0 bad to 100 excellent`);
        slider.addEventListener("input", () => {
          answer.ratings[clip] = Number(slider.value);
          value.textContent = slider.value;
          ready();
        });
        row.append(slider, value);
      }
      return row;
    }));
    if (told.scale === "preference") {
      part("choices").append(choice("A is better", item.clips[0]), choice("no difference", ""), choice("B is better", item.clips[1]));
    }
    ready();
  };
  const next = () => {
    if (answer) answers.push(answer);
    place += 1;
    if (place < items.length) {
      show();
      return;
    }
    part("item").hidden = true;
    part("end").hidden = false;
    const file = { schema: "modellab.listening/1", test: told.test, listener, answers };
    part("save").href = `data:application/json,${encodeURIComponent(JSON.stringify(file, null, 1))}`;
    part("save").download = `listening-${told.test}-${listener.replace(/[^\w-]+/g, "_")}.json`;
    part("save").focus();
  };
  part("begin").addEventListener("submit", event => {
    event.preventDefault();
    listener = event.target.elements.listener.value.trim();
    if (!listener) return;
    event.target.hidden = true;
    part("item").hidden = false;
    next();
  });
  part("next").addEventListener("click", next);
})();
