// Shows the OpenAPI document with Swagger UI, which swagger-ui-bundle.js has put into the window.

import { root } from "./base.js";

const place = document.getElementById("reference");
const page = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function followTheme() {
  page.classList.toggle("dark-mode", page.dataset.theme ? page.dataset.theme === "dark" : system.matches);
}

followTheme();
system.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(page, { attributeFilter: ["data-theme"] });

const { document: address } = place.dataset;
const said = await (await fetch(address)).json();
// Below a sub-path that the server does not know of, "Try it out" would ask outside of it.
if (root !== "/") said.servers ??= [{ url: root.slice(0, -1) }];

window.SwaggerUIBundle({
  spec: said,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // no document is sent anywhere
});
