// Prints what `highwater bench --json` prints, for the same engine as WebAssembly in Node.
// node run.mjs MODULE SECONDS [WORLD], or node run.mjs MODULE --names
import { readFileSync } from "node:fs";

const [file, seconds = "2", only] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(file));
const { name_length, name_byte, seconds: length, run } = instance.exports;

for (let world = 0; name_length(world) > 0; world++) {
  const bytes = Array.from({ length: name_length(world) }, (_, at) => name_byte(world, at));
  const name = String.fromCharCode(...bytes);
  if (seconds === "--names") console.log(name);
  if (seconds === "--names" || (only !== undefined && only !== name)) continue;
  for (const recorded of [0, 1]) {
    // The quickest round: what another program took from this machine is no property of the engine.
    let [events, best] = [0, Infinity];
    for (const start = performance.now(); performance.now() - start < seconds * 1000; ) {
      const begin = performance.now();
      events = run(world, recorded);
      best = Math.min(best, (performance.now() - begin) / 1000);
    }
    console.log(JSON.stringify({
      name: recorded ? `${name}-recorded` : name,
      target: "wasm32 in Node",
      events_per_second: Math.round(events / best),
      times_real_time: Math.round(length(world) / best),
    }));
  }
}
