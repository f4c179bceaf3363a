// Answers on their way to the server: one after another, kept and tried again until they are there.

import { call } from "./base.js";

const WAITS = [2, 5, 15, 30]; // seconds
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]); // what may go better the next time

export class Queue {
  /** told(message, waiting): a problem, or "" once it is over; lost(job, message): what will never be taken. */
  constructor({ told, lost }) {
    Object.assign(this, { jobs: [], told, lost, busy: false, tries: 0 });
    addEventListener("beforeunload", (event) => { if (this.jobs.length) event.preventDefault(); });
  }

  /** A job has `id` and `tag` and a `verdict`; its `number` is set when it is done. */
  add(job) { this.jobs.push(job); this.run(); return job; }

  /** Takes a job back: out of the queue, or by undoing what it did. */
  undo(job) {
    const at = this.jobs.indexOf(job);
    if (at > 0 || (at === 0 && !this.busy)) this.jobs.splice(at, 1);
    else this.add({ undoes: job });
  }

  async run() {
    if (this.busy || !this.jobs.length) return;
    clearTimeout(this.timer);
    this.busy = true;
    const [job] = this.jobs;
    try {
      await this.send(job);
      this.jobs.shift();
      this.tries = 0;
      this.told("", 0);
    } catch (error) {
      if (error.status && !PASSING.has(error.status)) {
        this.jobs.shift();
        this.lost(job, error.message);
      } else {
        const wait = WAITS[Math.min(this.tries, WAITS.length - 1)];
        this.tries += 1;
        this.timer = setTimeout(() => this.run(), wait * 1000);
        this.told(error.message, this.jobs.length);
        return;
      }
    } finally {
      this.busy = false;
    }
    this.run();
  }

  async send(job) {
    if (!job.undoes) {
      const done = await call("POST", "/api/corrections", { images: [job.id], tags: [job.tag], verdict: job.verdict, exact: true });
      job.number = done.number;
    } else if (job.undoes.number) await call("POST", "/api/undo", { number: job.undoes.number });
  }
}
