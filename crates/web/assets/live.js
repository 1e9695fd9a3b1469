// Keeps an order page up to date: the server sends the status part of the page whenever it changes.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const announcement = document.getElementById("announcement");
  const mark = document.getElementById("live-mark");
  const markText = mark.querySelector("[data-connected]");
  const PAUSE_MS_MAX = 30_000;
  let source;
  let pause = 1_000;

  const setMark = (connected) => {
    mark.hidden = false;
    mark.classList.toggle("is-waiting", !connected);
    markText.textContent = connected ? markText.dataset.connected : markText.dataset.waiting;
  };

  const show = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const next = template.content.firstElementChild;
    const present = live.firstElementChild;
    // After connecting again the server tells the present state, which may be the one on the page.
    if (!next || (present && next.dataset.version === present.dataset.version)) return;
    live.replaceChildren(next);
    announcement.textContent = next.dataset.announcement;
    document.title = `${next.dataset.title} · ${live.dataset.brand}`;
  };

  const connect = () => {
    source = new EventSource(live.dataset.href);
    source.addEventListener("open", () => {
      pause = 1_000;
      setMark(true);
    });
    source.addEventListener("status", (event) => show(event.data));
    source.addEventListener("error", () => {
      setMark(false);
      // The browser connects again by itself, unless the server answered with an error.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, PAUSE_MS_MAX);
    });
  };

  connect();
  // A page that comes back out of the browser's memory has lost its connection.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
})();
