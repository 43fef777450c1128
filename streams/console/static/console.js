// Keys, times in the viewer's zone, and the list's "show anew". Every page works without it.
"use strict";
(() => {
  const parts = { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" };
  const form = new Intl.DateTimeFormat(undefined, parts);
  const formOfOtherYears = new Intl.DateTimeFormat(undefined, { ...parts, year: "numeric" });

  // The server writes UTC; it stays in the title.
  function localize(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) {
        time.textContent = (at.getFullYear() === new Date().getFullYear() ? form : formOfOtherYears).format(at);
        time.dataset.local = "";
      }
    }
  }

  function items() {
    return [...document.querySelectorAll("[data-item]")].filter((item) => item.getClientRects().length > 0);
  }

  function step(by) {
    const all = items();
    if (all.length === 0) return;
    const here = all.findIndex((item) => item === document.activeElement || item.contains(document.activeElement));
    const next = here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by));
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  const keys = document.getElementById("keys");
  const opener = document.querySelector("[data-keys]");
  opener.hidden = false;
  opener.addEventListener("click", () => keys.showModal());

  // Looking for something leaves one where one was, unless one goes there.
  const find = document.querySelector("[data-find]");
  let before = null;
  function look() {
    if (document.activeElement !== find) before = document.activeElement;
    find.focus();
    find.select();
  }
  find?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    find.blur();
    before?.focus();
  });

  document.addEventListener("keydown", (event) => {
    if (find && !keys.open && (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      look();
      return;
    }
    const typing = event.target.closest("input:not([type=radio], [type=range]), textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "?") keys.showModal();
    else if (event.key === "/" && find) look();
    else if (event.key === "n") document.querySelector("[data-next]")?.click();
    else if (event.key === "t") {
      const take = document.activeElement.closest("tr")?.querySelector("[data-take]") || document.querySelector("#handling [data-take]");
      if (!take) return;
      take.focus();
      take.click();
    } else if (event.key === "r") {
      const fresh = document.querySelector("[data-fresh]");
      if (fresh) fresh.click();
    } else if (/^[123]$/.test(event.key)) {
      const choice = document.querySelector(`[data-key="${event.key}"]`);
      if (!choice) return;
      choice.checked = true;
      choice.focus();
    } else return;
    event.preventDefault();
  });

  // A row that is replaced where it stands keeps the focus of whoever was on it.
  let held = null;
  document.addEventListener("htmx:before:swap", () => {
    const row = document.activeElement && document.activeElement.closest("tr[id]");
    held = row ? row.id : null;
  });
  document.addEventListener("htmx:after:swap", () => {
    localize(document);
    const link = held && document.getElementById(held) && document.getElementById(held).querySelector("[data-item]");
    if (link && document.activeElement === document.body) link.focus({ preventScroll: true });
  });

  // While somebody looks, this visit goes on: the server counts from its end what is new.
  function seen() {
    const visit = document.cookie.match(/(?:^|; )threadwatch-visits=(\d+)\.\d+/);
    if (!visit || document.visibilityState !== "visible" || location.pathname !== "/") return;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `threadwatch-visits=${visit[1]}.${Math.floor(Date.now() / 1000)}; SameSite=Lax; Path=/; Max-Age=34560000${secure}`;
  }
  document.addEventListener("htmx:after:swap", seen);
  document.addEventListener("visibilitychange", seen);

  // Where one took a case from the list without a script's help, one is on its row again.
  // Not before the document is whole: going to its part takes the focus away.
  addEventListener("load", () => requestAnimationFrame(() => {
    if (/^#case-[\w-]+$/.test(location.hash)) document.querySelector(`${location.hash} [data-item]`)?.focus();
    else if (location.hash === "#handling") document.querySelector("#handling input[name=judge], #handling [data-take]")?.focus();
  }));

  // What one takes to a terminal, a settings file, or a tool of one's own.
  for (const button of document.querySelectorAll("[data-copy], [data-copy-from]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const { copy, copyFrom } = button.dataset;
      try {
        const answer = copyFrom && (await fetch(copyFrom));
        if (answer && !answer.ok) throw new Error(answer.status);
        await navigator.clipboard.writeText(answer ? await answer.text() : document.getElementById(copy).textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied";
      }
    });
  }

  // Who judges is remembered in this browser alone.
  const judge = document.querySelector("input[name=judge]");
  if (judge) {
    if (!judge.value) judge.value = localStorage.getItem("judge") || "";
    judge.form.addEventListener("submit", () => localStorage.setItem("judge", judge.value));
  }

  localize(document);
})();
