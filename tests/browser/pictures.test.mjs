// Twelve moments as pictures, compared with those in pictures/: a change of the page that nobody meant shows here.
// Simulated time stands still, so two builds of the same page give the same picture.
//
//   UPDATE_PICTURES=1 node --test tests/browser/pictures.test.mjs     after a change that was meant: look at them, then commit
//
// Another machine may have other fonts. The fonts, and the browser that draws them, are recognised by the measures of
// some words: where these are as in pictures/fonts.json, every pixel is compared; elsewhere only where light and dark lie,
// in squares of 24 pixels, which finds what is missing, moved or overlapping, and no letter.
// What differs is kept in target/pictures.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { closeAll, openPage } from "./harness.mjs";

const REFERENCES = fileURLToPath(new URL("pictures/", import.meta.url));
const DIFFERENT = fileURLToPath(new URL("../../target/pictures/", import.meta.url));
const UPDATE = Boolean(process.env.UPDATE_PICTURES);

/** Share of pixels that may differ with the same fonts: the edge of a letter. */
const EXACT = 0.002;
/** Share of squares that may differ with other fonts. */
const COARSE = 0.04;

const DESK = { width: 1366, height: 768 };
const MOMENTS = [
  { name: "home-light-en", path: "?lang=en&theme=light#/" },
  { name: "home-dark-zh", path: "?lang=zh-CN&theme=dark#/" },
  { name: "failover-election", path: "#/s/02-leader-failover?lang=en", beat: 5 },
  { name: "lost-record", path: "#/s/03a-acks-1?lang=en", beat: 5 },
  { name: "group-rebalance", path: "#/s/40b-cooperative?lang=zh-CN", beat: 3, act: ["group-panel"] },
  { name: "transaction-open", path: "#/s/31b-open-transaction?lang=en&theme=dark", beat: 2, act: ["producer-panel"] },
  { name: "share-cells", path: "#/s/44b-poison-shared?lang=zh-CN", beat: 2 },
  { name: "sequence", path: "#/s/02-leader-failover?lang=en", beat: 4, act: ["sequence"] },
  { name: "record-bytes", path: "#/s/02-leader-failover?lang=en", beat: 8, click: ['[data-target="replica:2:1:0"]', "#tab-bytes"] },
  { name: "sandbox-grown", path: "#/sandbox?lang=zh-CN&theme=dark", seconds: 12, act: ["add-topic", "add-consumer"] },
  { name: "phone", path: "#/s/02-leader-failover?lang=zh-CN", beat: 5, viewport: { width: 390, height: 844 } },
  { name: "projector", path: "#/s/02-leader-failover?lang=en&theme=projector", beat: 8 },
];

async function picture({ path, beat, seconds, act = [], click = [], viewport = DESK }) {
  const { page, problems, close } = await openPage({ path, viewport, touch: viewport.width < 600, reducedMotion: true });
  await page.waitForFunction(() => window.highwater?.stats());
  await page.evaluate(
    ({ beat, seconds, act }) => {
      window.highwater.pause();
      // The first screen plays by itself: it is seen where it begins.
      window.highwater.seek((seconds ?? 9) * 1e6);
      if (beat) window.highwater.beat(beat);
      for (const name of act) window.highwater.act(name);
    },
    { beat, seconds, act },
  );
  for (const place of click) await page.locator(place).first().click();
  await page.mouse.move(0, 0);
  await page.waitForTimeout(500);
  const png = await page.screenshot({ animations: "disabled", caret: "hide" });
  assert.deepEqual(problems(), []);
  await close();
  return png;
}

let tools;
let sameFonts;

before(async () => {
  tools = await openPage({ path: "#/" });
  await tools.page.waitForFunction(() => window.highwater?.stats());
  const fonts = await tools.page.evaluate(() => {
    const pen = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const families = [getComputedStyle(document.body).fontFamily, style.getPropertyValue("--mono") || "monospace"];
    const words = ["min.insync.replicas WAVE fjord 0123456789", "高水位：分区的首领已选出"];
    const width = (family, word) => ((pen.font = `16px ${family}`), Math.round(pen.measureText(word).width * 100) / 100);
    const measures = families.flatMap((family) => words.map((word) => width(family, word)));
    return JSON.stringify({ browser: navigator.userAgent.match(/Chrome\/(\d+)/)?.[1], measures });
  });
  const file = `${REFERENCES}fonts.json`;
  if (UPDATE) writeFileSync(file, `${fonts}\n`);
  sameFonts = readFileSync(file, "utf8").trim() === fonts;
  if (!sameFonts) console.log(`other fonts or another browser than the pictures were made with: compared coarsely (${fonts})`);
});

after(closeAll);

/** A picture as a small file: sixteen steps for each colour, far finer than what counts as a difference. */
const packed = async (png) =>
  Buffer.from(
    await tools.page.evaluate(async (base64) => {
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const pixels = context.getImageData(0, 0, image.width, image.height);
      pixels.data.forEach((value, at) => (pixels.data[at] = Math.round(value / 17) * 17));
      context.putImageData(pixels, 0, 0);
      const blob = await canvas.convertToBlob({ type: "image/webp", quality: 1 });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let text = "";
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    }, png.toString("base64")),
    "base64",
  );

/** Share of pixels that differ visibly, and of squares that are lighter or darker; counted by the browser, which has a decoder. */
const difference = (a, b) =>
  tools.page.evaluate(async ([a, b]) => {
    const pixels = async (base64) => {
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, image.width, image.height);
    };
    const [one, two] = [await pixels(a), await pixels(b)];
    if (one.width !== two.width || one.height !== two.height) return { pixels: 1, squares: 1 };
    const SIDE = 24;
    const across = Math.ceil(one.width / SIDE);
    const squares = new Float64Array(across * Math.ceil(one.height / SIDE));
    let count = 0;
    for (let at = 0; at < one.data.length; at += 4) {
      const apart = [0, 1, 2].map((channel) => two.data[at + channel] - one.data[at + channel]);
      if (apart.some((difference) => Math.abs(difference) > 24)) count += 1;
      const pixel = at / 4;
      const square = Math.floor(Math.floor(pixel / one.width) / SIDE) * across + Math.floor((pixel % one.width) / SIDE);
      squares[square] += (0.299 * apart[0] + 0.587 * apart[1] + 0.114 * apart[2]) / (SIDE * SIDE);
    }
    const other = squares.filter((difference) => Math.abs(difference) > 20).length;
    return { pixels: count / (one.data.length / 4), squares: other / squares.length };
  }, [a.toString("base64"), b.toString("base64")]);

for (const moment of MOMENTS) {
  test(`${moment.name} looks as it did`, async () => {
    const png = await picture(moment);
    const file = `${REFERENCES}${moment.name}.webp`;
    if (UPDATE) return writeFileSync(file, await packed(png));
    assert.ok(existsSync(file), `${file} is not there: UPDATE_PICTURES=1 makes it`);
    const found = await difference(readFileSync(file), png);
    const [share, allowed, of] = sameFonts ? [found.pixels, EXACT, "pixels"] : [found.squares, COARSE, "squares"];
    if (share > allowed) {
      mkdirSync(DIFFERENT, { recursive: true });
      writeFileSync(`${DIFFERENT}${moment.name}.png`, png);
    }
    assert.ok(share <= allowed, `${(share * 100).toFixed(2)} % of the ${of} differ: see target/pictures/${moment.name}.png`);
  });
}

test("twelve moments have a picture, and no picture is left over", () => {
  const kept = readdirSync(REFERENCES).filter((name) => name.endsWith(".webp"));
  assert.deepEqual(kept.sort(), MOMENTS.map(({ name }) => `${name}.webp`).sort());
  assert.equal(MOMENTS.length, 12);
});
