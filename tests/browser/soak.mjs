// Minutes at full speed: `node tests/browser/soak.mjs [minutes]` after `cargo xtask dist`.
//
// A sandbox plays as fast as it can; every half minute one line with the JavaScript heap (after a collection), the
// program's memory, the events so far and the cost of a frame. Flat from where the history forgets its oldest steps.

import { closeAll, openPage } from "./harness.mjs";

const MINUTES = Number(process.argv[2] ?? 10);
const { page, problems, close } = await openPage({ path: "#/sandbox", lang: "en", viewport: { width: 1366, height: 768 } });
await page.waitForFunction(() => window.highwater?.stats());
await page.evaluate(() => {
  for (let turn = 0; turn < 6; turn += 1) window.highwater.act("faster");
  window.highwater.play();
});
const session = await page.context().newCDPSession(page);
await session.send("HeapProfiler.enable");
for (let half = 0; half <= 2 * MINUTES; half += 1) {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { events, time, memory, frameCost, frames } = await page.evaluate(() => window.highwater.stats());
  console.log(
    JSON.stringify({
      minute: half / 2,
      heap_mb: Math.round(usedSize / 1e5) / 10,
      wasm_mb: Math.round(memory / 1e5) / 10,
      events,
      simulated_s: Math.round(time / 1e6),
      frames,
      main_thread_ms_per_frame: Math.round(frameCost * 100) / 100,
    }),
  );
  if (half < 2 * MINUTES) await page.waitForTimeout(30_000);
}
if (problems().length) console.log(problems());
await close();
await closeAll();
