"use strict";
(() => {
  const find = id => document.getElementById(id);
  const sessions = new Map();
  const QUIET_S = 60;

  // Others' words: never as mark-up, on one line, nothing that turns its direction, and bounded.
  const plain = text => {
    const shown = String(text ?? "").replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
    return shown.length > 600 ? `${shown.slice(0, 600)} …` : shown;
  };
  const tell = (node, text) => {
    const shown = plain(text);
    if (node.textContent !== shown) node.textContent = shown;
  };
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const clock = seconds => {
    const whole = Math.max(0, Math.round(seconds)), two = number => String(number).padStart(2, "0");
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  };
  const copy = name => find(name).content.firstElementChild.cloneNode(true);
  const now = () => performance.now() / 1000;

  const session = name => {
    let one = sessions.get(name);
    if (!one) {
      const node = copy("session");
      tell(node.querySelector("h2"), `Session ${name}`);
      node.querySelector("progress.whole").setAttribute("aria-label", "cases finished");
      one = { name, node, cases: new Map(), news: now(), over: false };
      sessions.set(name, one);
      find("sessions").prepend(node);
    }
    return one;
  };
  const caseOf = (one, key) => {
    let row = one.cases.get(key);
    if (!row) {
      const node = copy("case"), task = key.includes("/") ? key.split("/", 1)[0] : "";
      tell(node.querySelector("h3"), task ? `${key.slice(task.length + 1)} (${task})` : key);
      node.querySelector("progress").setAttribute("aria-label", plain(`answers of ${key}`));
      row = { key, node, state: "waiting", step: null, told: 0, outcome: null, verdict: null };
      one.cases.set(key, row);
      one.node.querySelector("ol").append(node);
    }
    return row;
  };

  const standing = row => {
    const { step, outcome } = row;
    if (row.verdict) return [row.verdict, row.verdict];
    if (outcome?.broken) return ["fail", "could not be measured"];
    if (outcome?.unavailable) return ["not-available", "not available"];
    if (outcome) return ["measured", outcome.unchanged_since ? "unchanged" : "measured"];
    if (!step) return ["waiting", "waiting"];
    if (step.done >= step.total) return ["running", step.timed ? "timing" : "finishing"];
    return ["running", step.done ? "running" : "loading"];
  };
  const detail = row => {
    const { step, outcome } = row, parts = [];
    if (outcome?.broken || outcome?.unavailable) return outcome.broken || outcome.unavailable;
    if (step) {
      parts.push(`${step.done} of ${counted(step.total, "utterance")}`);
      if (step.error_rate !== null) parts.push(`${step.metric.toUpperCase()} ${(100 * step.error_rate).toFixed(1)} %`);
      if (step.timed && !outcome) parts.push(`${step.timed} timed alone`);
      if (step.left_s !== null && !outcome) parts.push(`${clock(step.left_s - (now() - row.told))} left`);
    }
    if (outcome?.unchanged_since) parts.push(`as measured at ${outcome.unchanged_since}`);
    return parts.join(", ");
  };
  const drawCase = row => {
    const [kind, word] = standing(row), bar = row.node.querySelector("progress"), status = row.node.querySelector(".status");
    const absent = row.outcome && !row.outcome.record;
    tell(status, word);
    status.className = `status ${kind}`;
    row.node.className = row.outcome ? (absent ? "without" : kind === "fail" ? "done failed" : "done") : "";
    const share = row.outcome ? 1 : row.step?.total ? row.step.done / row.step.total : 0;
    if (bar.value !== share) bar.value = share;
    tell(row.node.querySelector(".detail"), detail(row));
  };
  const draw = one => {
    const rows = [...one.cases.values()], done = rows.filter(row => row.outcome).length;
    rows.forEach(drawCase);
    one.node.querySelector("progress.whole").value = rows.length ? done / rows.length : 0;
    const told = one.node.querySelector(".told"), quiet = one.node.querySelector(".quiet"), silent = now() - one.news;
    one.node.classList.toggle("over", one.over);
    quiet.hidden = one.over || silent < QUIET_S;
    if (!quiet.hidden) {
      tell(quiet, `No news for ${clock(silent)}. A model that loads and a long recording take their time; a session that was killed stays as it is here, and the next one goes on with what it has.`);
    }
    tell(told, one.over ? "ended" : rows.length ? `${done} of ${counted(rows.length, "case")} finished` : "collecting");
  };
  const drawAll = () => {
    sessions.forEach(one => { if (!one.over) draw(one); });
    find("none").hidden = sessions.size > 0;
    const live = [...sessions.values()].filter(one => !one.over).length;
    document.title = `${live ? `${live} running` : "Nothing runs"}: Model Lab, live`;
  };

  // What the scorecard says of the cases, now that it is there.
  const end = async name => {
    const one = sessions.get(name);
    if (!one || one.over) return;
    one.over = true;
    const sum = one.node.querySelector(".sum");
    one.node.querySelector(".ended").hidden = false;
    try {
      const answer = await fetch("/api/scorecard"), card = answer.ok ? await answer.json() : null;
      if (card?.session === name) {
        const counts = new Map();
        for (const { case: { task, model, device, dataset }, status } of card.rows) {
          caseOf(one, `${task}/${model}:${device}:${dataset}`).verdict = status;
          counts.set(status, (counts.get(status) ?? 0) + 1);
        }
        tell(sum, [...counts].map(([status, count]) => `${count} ${status}`).join(", "));
      } else {
        tell(sum, "the last scorecard is another session's");
      }
    } catch {
      tell(sum, "the scorecard could not be read");
    }
    draw(one);
    drawAll();
  };

  const heard = {
    standing({ sessions: there }) {
      // After a pause of the connection: those that went meanwhile are over.
      for (const name of sessions.keys()) if (!there.includes(name)) end(name);
    },
    session({ session: name, cases, quiet_s }) {
      const one = session(name);
      for (const key of cases) caseOf(one, key);
      one.news = now() - (quiet_s ?? 0);
    },
    progress(step) {
      const one = session(step.session), row = caseOf(one, step.key);
      [row.step, row.told] = [step, now()];
      one.fresh = true;
    },
    outcome(outcome) {
      const one = session(outcome.session);
      caseOf(one, outcome.case).outcome = outcome;
      one.fresh = true;
    },
    ended({ session: name }) { end(name); },
  };

  const connect = () => {
    const source = new EventSource("/api/progress");
    let first = true;
    for (const [name, take] of Object.entries(heard)) {
      source.addEventListener(name, event => {
        take(JSON.parse(event.data));
        // The first events say where everything stands: they are no news.
        for (const one of sessions.values()) {
          if (one.fresh && !first) one.news = now();
          one.fresh = false;
        }
        if (name === "standing") first = false;
        drawAll();
      });
    }
    source.addEventListener("open", () => { first = true; tell(find("connection"), "connected"); });
    source.addEventListener("error", () => {
      tell(find("connection"), "the server doesn't answer; trying again");
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
    });
  };
  connect();
  setInterval(drawAll, 1000);
})();
