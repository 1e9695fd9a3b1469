// Shows countries in the page's language, which the browser knows, leads to the first mistake, and keeps the
// order from being sent twice.
(() => {
  "use strict";
  const language = document.documentElement.lang;
  const select = document.getElementById("country");
  if (select && window.Intl?.DisplayNames) {
    const names = new Intl.DisplayNames([language], { type: "region" });
    const [first, ...countries] = select.options;
    for (const option of countries) option.text = names.of(option.value) ?? option.text;
    countries.sort((a, b) => a.text.localeCompare(b.text, language));
    const chosen = select.value;
    select.replaceChildren(first, ...countries);
    select.value = chosen;
  }

  document.querySelector("[aria-invalid]")?.focus();

  const form = document.querySelector("form[novalidate]");
  let wasSent = false;
  form?.addEventListener("submit", (event) => {
    if (wasSent) event.preventDefault();
    wasSent = true;
  });
  addEventListener("pageshow", () => { wasSent = false; });
})();
