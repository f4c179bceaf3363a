// Signs in by the link that imsearch serve prints, whose token stands behind the # and so never leaves the browser
// in an address; and lets one look at what one types.

const token = location.hash.slice(1);
const field = document.querySelector("#token");
if (token) history.replaceState(null, "", location.pathname + location.search);

if (field && token) {
  field.value = token;
  field.form.requestSubmit();
} else if (token) {
  location.replace(document.querySelector("[data-next]").href);
}

const show = document.querySelector("[data-show]");
if (show) {
  show.hidden = false;
  show.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    show.textContent = hidden ? "Hide" : "Show";
    show.setAttribute("aria-pressed", String(hidden));
    field.focus();
  });
}
