// Twelve moments as pictures, to compare two builds of the page:
//
//   node tests/browser/pictures.mjs save      before a change, after `cargo xtask dist`
//   node tests/browser/pictures.mjs compare   after it; the exit status is 1 when a picture differs
//
// The pictures lie in target/pictures. HIGHWATER_DIST names another build than dist/.

import { mkdirSync, readFileSync, writeFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { closeAll, openPage } from "./harness.mjs";

const FOLDER = fileURLToPath(new URL("../../target/pictures/", import.meta.url));
/** Share of pixels that may differ: the edge of a letter. */
const ALLOWED = 0.002;

const DESK = { width: 1366, height: 768 };
const MOMENTS = [
  { name: "failover-before", path: "#/s/02-leader-failover?lang=en", beat: 3 },
  { name: "failover-dead", path: "#/s/02-leader-failover?lang=zh-CN&theme=dark", beat: 4 },
  { name: "failover-elected", path: "#/s/02-leader-failover?lang=en&theme=projector", beat: 5, viewport: { width: 1920, height: 1080 } },
  { name: "failover-truncated", path: "#/s/02-leader-failover?lang=zh-CN", beat: 8 },
  { name: "failover-phone", path: "#/s/02-leader-failover?lang=zh-CN", beat: 5, viewport: { width: 390, height: 844 } },
  { name: "queue-and-topic", path: "#/s/01-queue-and-pubsub?lang=en", beat: 4 },
  { name: "acks-1", path: "#/s/03a-acks-1?lang=en", beat: 5 },
  { name: "commit-after", path: "#/s/03d-commit-after?lang=zh-CN&theme=dark", beat: 4 },
  { name: "sequence", path: "#/s/02-leader-failover?lang=en", beat: 5, act: ["sequence"] },
  { name: "metrics", path: "#/s/02-leader-failover?lang=zh-CN", beat: 8, act: ["charts"] },
  { name: "sandbox", path: "#/sandbox?lang=en", seconds: 12 },
  { name: "sandbox-grown", path: "#/sandbox?lang=zh-CN", seconds: 12, act: ["add-topic", "add-consumer"] },
];

async function picture({ path, beat, seconds, act = [], viewport = DESK }) {
  const { page, close } = await openPage({ path, viewport, touch: viewport.width < 600, reducedMotion: true });
  await page.waitForFunction(() => window.highwater?.stats());
  await page.evaluate(
    ({ beat, seconds, act }) => {
      window.highwater.pause();
      if (beat) window.highwater.beat(beat);
      if (seconds) window.highwater.seek(seconds * 1e6);
      for (const name of act) window.highwater.act(name);
    },
    { beat, seconds, act },
  );
  await page.waitForTimeout(400);
  const png = await page.screenshot();
  await close();
  return png;
}

/** Share of pixels that differ visibly, counted by the browser: it has a decoder. */
async function difference(a, b) {
  const { page, close } = await openPage({ path: "#/" });
  const share = await page.evaluate(async ([a, b]) => {
    const pixels = async (base64) => {
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, image.width, image.height);
    };
    const [one, two] = [await pixels(a), await pixels(b)];
    if (one.width !== two.width || one.height !== two.height) return 1;
    let count = 0;
    for (let at = 0; at < one.data.length; at += 4) {
      const apart = [0, 1, 2].some((channel) => Math.abs(one.data[at + channel] - two.data[at + channel]) > 24);
      if (apart) count += 1;
    }
    return count / (one.data.length / 4);
  }, [a.toString("base64"), b.toString("base64")]);
  await close();
  return share;
}

const mode = process.argv[2];
if (mode !== "save" && mode !== "compare") {
  console.error("save or compare?");
  process.exit(2);
}
mkdirSync(FOLDER, { recursive: true });
let different = 0;
for (const moment of MOMENTS) {
  const png = await picture(moment);
  const file = `${FOLDER}${moment.name}.png`;
  if (mode === "save") {
    writeFileSync(file, png);
    console.log(`${moment.name}: saved`);
    continue;
  }
  if (!existsSync(file)) throw new Error(`${file} is not there: save first`);
  const share = await difference(readFileSync(file), png);
  if (share > ALLOWED) {
    different += 1;
    writeFileSync(`${FOLDER}${moment.name}.now.png`, png);
  }
  console.log(`${moment.name}: ${(share * 100).toFixed(3)} % of the pixels differ${share > ALLOWED ? ", see .now.png" : ""}`);
}
await closeAll();
process.exit(different ? 1 : 0);
