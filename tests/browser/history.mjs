// Moving about in a long history: `node tests/browser/history.mjs [events]` after `cargo xtask dist`.
//
// A classroom's cluster in which something goes wrong every half minute runs until a million events are known; then the
// page is sent to places at random, and from each one event back. What counts is the time until the engine stands there
// and the page has been drawn anew; and what the program's memory came to.

import { closeAll, openPage } from "./harness.mjs";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const PLACES = 200;
const HOURS = 3;

/** What goes wrong, and what makes it well again ten seconds later. */
const TROUBLES = [
  ["kill", "start"],
  ["pause", "resume"],
  ["isolate", "heal"],
  ["power-off", "start"],
];

function world() {
  const lines = [
    "scenario history seed=1",
    "brokers 3",
    "topic orders partitions=6 replication-factor=3 min.insync.replicas=2",
    'producer p1 topic=orders every="300ms"',
    'producer p2 topic=orders every="300ms"',
    "group billing topic=orders { consumer c1; consumer c2; consumer c3 }",
  ];
  for (let round = 0; round < HOURS * 120; round += 1) {
    const [wrong, right] = TROUBLES[round % TROUBLES.length];
    const broker = `"broker ${1 + (round % 3)}"`;
    const second = 15 + 30 * round;
    lines.push(`at "${second}s" { ${wrong} ${broker} }`);
    lines.push(`at "${second + 10}s" { ${right}${right === "heal" ? "" : ` ${broker}`} }`);
  }
  return `${lines.join("\n")}\n`;
}

if (process.argv[3] === "--kdl") {
  console.log(world());
  process.exit();
}
const { page, problems, close } = await openPage({ path: "#/sandbox", lang: "en", viewport: { width: 1366, height: 768 } });
await page.waitForFunction(() => window.highwater?.stats());
const refused = await page.evaluate((text) => window.highwater.load(text), world());
if (refused) throw new Error(JSON.stringify(refused));
const stats = () => page.evaluate(() => window.highwater.stats());
let known = await stats();
while (known.events < EVENTS) {
  const before = known.time;
  await page.evaluate(() => window.highwater.forward(300e6));
  await page.waitForFunction((to) => window.highwater.stats().time >= to, before + 300e6, { timeout: 600_000, polling: 200 });
  known = await stats();
}
console.log(
  JSON.stringify({
    name: "history",
    events: known.events,
    simulated_minutes: Math.round(known.time / 60e6),
    wasm_mb: Math.round(known.memory / 1e5) / 10,
  }),
);

/** Milliseconds from asking to the end of the frame after it, for each of many places. */
const taken = await page.evaluate(
  async ([places, end]) => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    let state = 7;
    const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    const taken = { seek: [], shown: [], back: [] };
    for (let place = 0; place < places; place += 1) {
      const at = Math.floor(random() * end);
      const begin = performance.now();
      window.highwater.seek(at);
      taken.seek.push(performance.now() - begin);
      await frame();
      taken.shown.push(performance.now() - begin);
      const again = performance.now();
      window.highwater.step(-1);
      taken.back.push(performance.now() - again);
      await frame();
    }
    return taken;
  },
  [PLACES, known.time],
);
const share = (sorted, of) => Math.round(sorted[Math.floor((sorted.length - 1) * of)] * 10) / 10;
for (const [name, milliseconds] of Object.entries(taken)) {
  const sorted = milliseconds.sort((a, b) => a - b);
  console.log(JSON.stringify({ name, p50_ms: share(sorted, 0.5), p95_ms: share(sorted, 0.95), max_ms: share(sorted, 1) }));
}
console.log(JSON.stringify({ name: "after", wasm_mb: Math.round((await stats()).memory / 1e5) / 10 }));
if (problems().length) console.log(problems());
await close();
await closeAll();
