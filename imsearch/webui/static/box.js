// The search box, which stands on every page.

import { offerCompletions } from "./completion.js";

const form = document.querySelector("[data-finder]");
if (form) offerCompletions(form);
