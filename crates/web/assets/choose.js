// Narrows the list of gateways while somebody types. Without it, the form asks the server for the same.
(() => {
  "use strict";
  const input = document.getElementById("search-gateways");
  const none = document.getElementById("no-gateway");
  const choices = [...document.querySelectorAll("#gateways > [data-words]")];
  // What the server has left out cannot be found here.
  if (!input || input.value !== "") return;

  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const choice of choices) {
      choice.hidden = !words.every((word) => choice.dataset.words.includes(word));
      if (!choice.hidden) found += 1;
    }
    none.hidden = found > 0;
  };

  input.addEventListener("input", narrow);
  // The only one that is left is the one that is meant.
  input.form.addEventListener("submit", (event) => {
    const left = choices.filter((choice) => !choice.hidden);
    if (left.length !== 1) return;
    event.preventDefault();
    left[0].querySelector("a").click();
  });
})();
