// Figures of the page, not a test: `node tests/browser/measure.mjs` after `cargo xtask dist`.
//
// Start: from navigation to a running engine. Frames: intervals between animation frames while the classroom cluster
// plays with so many messages in flight (producers with acks=0 over slow links). What a frame costs the main thread is
// all that the browser's own counter has: script, style, layout and painting.

import { closeAll, openPage } from "./harness.mjs";

const WORLD = (producers, latency) => `
scenario measure seed=1
brokers 3
network latency="${latency}" jitter="100ms"
topic orders partitions=6 replication-factor=3 min.insync.replicas=2
${Array.from({ length: producers }, (_, n) => `producer p${n} topic=orders start="1s" every="10ms" linger.ms=0 acks=0 { keys a b c d e f g h }`).join("\n")}
group billing topic=orders auto.offset.reset=earliest { consumer c1; consumer c2; consumer c3 }
`;

/** The main thread's working time so far, in milliseconds, by the browser's own counter. */
async function worker(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find((metric) => metric.name === "TaskDuration").value * 1_000;
  };
}

const rounded = (value) => Math.round(value * 100) / 100;

const { page, problems, close } = await openPage({ path: "#/", lang: "en" });
await page.waitForFunction(() => window.highwater?.stats());
const ready = await page.evaluate(() => {
  const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint");
  return { first_contentful_paint_ms: Math.round(paint?.startTime ?? -1), ready_ms: Math.round(performance.now()) };
});
console.log(JSON.stringify({ name: "start", ...ready }));
await close();

/** How far things moved by themselves while the page came up (Cumulative Layout Shift); 0 is a still page. */
for (const path of ["#/", "#/s/02-leader-failover", "#/sandbox"]) {
  for (const viewport of [{ width: 1366, height: 768 }, { width: 390, height: 844 }]) {
    const { page, close } = await openPage({ path, lang: "en", viewport });
    await page.waitForFunction(() => window.highwater?.stats());
    await page.waitForTimeout(1_500);
    const shift = await page.evaluate(
      () =>
        new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => resolve(sum), 200);
        }),
    );
    console.log(JSON.stringify({ name: "layout-shift", path, width: viewport.width, cls: Math.round(shift * 1e4) / 1e4 }));
    await close();
  }
}

for (const [producers, latency] of [[1, "200ms"], [3, "1s"], [8, "1s"], [8, "2500ms"]]) {
  const { page, close } = await openPage({ path: "#/sandbox", lang: "en", viewport: { width: 1366, height: 768 } });
  await page.waitForFunction(() => window.highwater?.stats());
  const errors = await page.evaluate((text) => window.highwater.load(text), WORLD(producers, latency));
  if (errors) throw new Error(errors.join("\n"));
  await page.waitForTimeout(300);
  await page.evaluate(() => {
    window.highwater.pause();
    window.highwater.seek(30_000_000);
    window.highwater.play();
  });
  const busy = await worker(page);
  const before = await busy();
  const frames = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const intervals = [];
        const flights = [];
        let last;
        const end = performance.now() + 5_000;
        const frame = (now) => {
          if (last !== undefined) intervals.push(now - last);
          last = now;
          if (intervals.length % 20 === 0) flights.push(window.highwater.stats().inFlight);
          if (now < end) requestAnimationFrame(frame);
          else resolve({ intervals: intervals.sort((a, b) => a - b), flights });
        };
        requestAnimationFrame(frame);
      }),
  );
  const at = (share) => Math.round(frames.intervals[Math.floor(frames.intervals.length * share)] * 10) / 10;
  console.log(
    JSON.stringify({
      name: "frames",
      in_flight: Math.round(frames.flights.reduce((sum, n) => sum + n, 0) / frames.flights.length),
      fps: Math.round(frames.intervals.length / 5),
      interval_p50_ms: at(0.5),
      interval_p95_ms: at(0.95),
      main_thread_ms_per_frame: rounded(((await busy()) - before) / frames.intervals.length),
    }),
  );
  await close();
}

// The classroom scene: the failover cluster with heartbeats shown, some thirty messages under way.
{
  const { page, close } = await openPage({ path: "#/sandbox", lang: "en", viewport: { width: 1366, height: 768 } });
  await page.waitForFunction(() => window.highwater?.stats());
  await page.evaluate((text) => window.highwater.load(text), WORLD(1, "150ms").replace('every="10ms"', 'every="18ms"'));
  await page.evaluate(() => {
    window.highwater.pause();
    window.highwater.seek(20_000_000);
    window.highwater.play();
  });
  const busy = await worker(page);
  const stats = () => page.evaluate(() => window.highwater.stats());
  const [begun, { frames: first }] = [await busy(), await stats()];
  await page.waitForTimeout(4_000);
  const [ended, { frameCost, inFlight, memory, frames: last }] = [await busy(), await stats()];
  console.log(
    JSON.stringify({
      name: "classroom",
      in_flight: inFlight,
      main_thread_ms_per_frame: rounded((ended - begun) / (last - first)),
      script_ms_per_frame: rounded(frameCost),
      memory_mb: Math.round(memory / 1e6),
    }),
  );

  // From a key to the next paint, while it plays.
  const worst = await page.evaluate(async () => {
    const times = [];
    new PerformanceObserver((list) => times.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "event", durationThreshold: 16, buffered: true });
    for (const key of ["ArrowRight", "ArrowLeft", "ArrowRight", " ", " ", "s", "m", "i", "l", "l"]) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    }
    const real = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const begin = performance.now();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: turn % 2 ? "ArrowLeft" : "ArrowRight", bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      real.push(performance.now() - begin);
    }
    return Math.max(...times, ...real);
  });
  console.log(JSON.stringify({ name: "input-to-paint", worst_ms: Math.round(worst) }));

  // Paused: nothing is asked for.
  const idle = await page.evaluate(async () => {
    window.highwater.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    let asked = 0;
    const request = window.requestAnimationFrame;
    window.requestAnimationFrame = (callback) => ((asked += 1), request.call(window, callback));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    window.requestAnimationFrame = request;
    return asked;
  });
  /** Share of a core that the page's main thread uses while nobody does anything. */
  const share = async () => {
    const before = await busy();
    await page.waitForTimeout(3_000);
    return rounded(((await busy()) - before) / 30);
  };
  console.log(JSON.stringify({ name: "paused", frame_callbacks_in_3_s: idle, percent_of_a_core: await share() }));
  await page.evaluate(() => {
    window.highwater.play();
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
  const frames = () => page.evaluate(() => window.highwater.stats().frames);
  const before = await frames();
  const percent = await share();
  console.log(JSON.stringify({ name: "hidden", frame_callbacks_in_3_s: (await frames()) - before, percent_of_a_core: percent }));
  await close();
}

// An hour of the classroom cluster, in tasks that leave the page usable.
{
  const { page, close } = await openPage({ path: "#/sandbox", lang: "en", viewport: { width: 1366, height: 768 } });
  await page.waitForFunction(() => window.highwater?.stats());
  await page.evaluate((text) => window.highwater.load(text), WORLD(2, "2ms").replaceAll('every="10ms"', 'every="300ms"').replace('jitter="100ms"', 'jitter="500us"'));
  await page.waitForTimeout(1_000);
  const figures = await page.evaluate(async () => {
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
    const clock = performance.now();
    window.highwater.forward(3_600e6);
    while (window.highwater.stats().hurrying) await new Promise((resolve) => setTimeout(resolve, 100));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { events, time, memory } = window.highwater.stats();
    return {
      seconds: Math.round((performance.now() - clock) / 100) / 10,
      events,
      simulated_s: Math.round(time / 1e6),
      tasks_over_50_ms: tasks.length,
      worst_task_ms: Math.round(Math.max(0, ...tasks)),
      memory_mb: Math.round(memory / 1e6),
    };
  });
  console.log(JSON.stringify({ name: "fast-forward", ...figures }));
  await close();
}

// The engine inside the page, with events, ledger and checkpoints: ten simulated minutes of the failover cluster.
{
  const { page, close } = await openPage({ path: "#/sandbox", lang: "en" });
  await page.waitForFunction(() => window.highwater?.stats());
  const kills = Array.from({ length: 9 }, (_, n) => `at "${20 + 60 * n}s" { kill "broker 1" }\nat "${40 + 60 * n}s" { start "broker 1" }`);
  const world = WORLD(0, "2ms").replace('jitter="100ms"', 'jitter="500us"').replace("group", `
producer p1 topic=orders every="300ms" { keys a b c d e f g }
producer p2 topic=orders every="300ms" { keys a b c d e f g }
group`);
  const errors = await page.evaluate((text) => window.highwater.load(text), `${world}\n${kills.join("\n")}`);
  if (errors) throw new Error(errors.join("\n"));
  await page.waitForTimeout(500);
  const figures = await page.evaluate(() => {
    const clock = performance.now();
    window.highwater.seek(600e6);
    const seconds = (performance.now() - clock) / 1000;
    const { events } = window.highwater.stats();
    const back = performance.now();
    window.highwater.seek(300e6);
    return {
      events,
      events_per_second: Math.round(events / seconds),
      times_real_time: Math.round(600 / seconds),
      seek_back_ms: Math.round(performance.now() - back),
    };
  });
  console.log(JSON.stringify({ name: "engine-in-page", ...figures }));
  await close();
}

if (problems().length) console.log(problems());
await closeAll();
