// Posts the form to the gateway at once, but only once: whoever comes back with the back button stays here.
(() => {
  "use strict";
  const form = document.getElementById("pay");
  if (!form || history.state?.wasSent) return;
  history.replaceState({ wasSent: true }, "");
  form.submit();
})();
