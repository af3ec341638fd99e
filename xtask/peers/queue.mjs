// Empty jobs through graphile-worker, enqueue to done: prints jobs per second.
// node queue.mjs <postgres url> <jobs> <at once>
import { run, makeWorkerUtils } from "graphile-worker";

const [connectionString, jobs, concurrency] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const quiet = { info() {}, debug() {}, warn() {}, error: console.error };
const { Logger } = await import("graphile-worker");
const logger = new Logger(() => (level, message) => (quiet[level] ?? (() => {}))(message));
const utils = await makeWorkerUtils({ connectionString, logger, maxPoolSize: 10 });
await utils.migrate();
let left = jobs;
let finished;
const done = new Promise((resolve) => (finished = resolve));
const taskList = {
  empty() {
    left -= 1;
    if (left === 0) finished();
  },
};
const runner = await run({ connectionString, concurrency, taskList, logger, maxPoolSize: 10, noHandleSignals: true });
const begun = process.hrtime.bigint();
// As many at a time as kombify's measurement enqueues, each in a transaction of its own.
let next = 0;
async function enqueue() {
  while (next < jobs) {
    next += 1;
    await utils.addJob("empty", {});
  }
}
await Promise.all(Array.from({ length: 4 }, enqueue));
await done;
await runner.stop();
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
await utils.release();
console.log(jobs / seconds);
