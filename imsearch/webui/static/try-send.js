// Sends a picture to the annotators, and tells how far that is.

import { at } from "./base.js";

/** What went wrong; `again` tells whether trying once more may help. */
export class TrialError extends Error {
  constructor(message, again) {
    super(message);
    this.again = again;
  }
}

/**
 * Sends a picture; resolves to what /api/annotate answers, rejects with a `TrialError`, or with null once given up.
 * `progress(share)` is called while it is sent, with 0 to 1, and at last with null: from then on it is looked at.
 */
export function send(file, annotators, { progress, signal }) {
  const form = new FormData();
  form.append("file", file, file.name || "picture");
  for (const name of annotators) form.append("annotators", name);
  form.append("similar", "12");
  form.append("cloud", "true");
  // Not fetch: it does not tell how much has been sent.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open("POST", at("/api/annotate"));
    request.timeout = 180_000;
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable && event.loaded < event.total) progress(event.loaded / event.total); });
    request.upload.addEventListener("load", () => progress(null));
    request.addEventListener("load", () => {
      const answer = parsed(request);
      if (request.status === 200 && answer) resolve(answer);
      else reject(problem(request, answer));
    });
    request.addEventListener("error", () => reject(new TrialError("The server does not answer. Is imsearch serve still running?", true)));
    request.addEventListener("timeout", () => reject(new TrialError("This took too long. Models are loaded on first use; try again in a moment.", true)));
    request.addEventListener("abort", () => reject(null));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function parsed(request) {
  try { return JSON.parse(request.responseText); } catch { return null; }
}

function problem(request, answer) {
  const again = [408, 425, 429, 500, 502, 503, 504].includes(request.status);
  return new TrialError(answer?.detail ?? `The server answered ${request.status} ${request.statusText}.`, again);
}
