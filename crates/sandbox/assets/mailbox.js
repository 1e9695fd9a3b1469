// Shows new mail without a reload by hand: asks for the newest mail's id and loads the page again when it changed.
"use strict";
(() => {
  const list = document.querySelector("[data-newest]");
  if (!list) return;
  const look = async () => {
    try {
      const answer = await fetch("/mailbox/newest", { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== list.dataset.newest) location.reload();
    } catch {
      // The server is being restarted; the next look will tell.
    }
  };
  setInterval(() => { if (!document.hidden) look(); }, 1500);
})();
