// Every action by pointer, by keyboard and by the programming interface: the same state.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeAll, openPage } from "./harness.mjs";

after(closeAll);

async function open(path) {
  const opened = await openPage({ path, lang: "en", viewport: { width: 1366, height: 768 } });
  await opened.page.waitForFunction(() => window.highwater?.stats());
  await opened.page.evaluate(() => window.highwater.pause());
  return opened;
}

const seek = (page, seconds) => page.evaluate((us) => window.highwater.seek(us), seconds * 1e6);
const act = (page, name) => page.evaluate((name) => window.highwater.act(name), name);
const command = (page, command) => page.evaluate((command) => window.highwater.do(command), command);
const state = (page) =>
  page.evaluate(() => {
    const { events, time } = window.highwater.stats();
    return `${window.highwater.stateHash()} ${events} ${time}`;
  });

/** Does each way from the same place, and wants the same state of all of them. What changes the run is taken back. */
async function same(page, name, prepare, ways, settle) {
  const states = [];
  for (const way of ways) {
    await prepare();
    await page.locator("body").press("Escape");
    await way();
    await page.waitForTimeout(30);
    await settle?.();
    states.push(await state(page));
    if (settle) await act(page, "undo");
  }
  assert.equal(new Set(states).size, 1, `${name}: ${states.join(" | ")}`);
  return states[0];
}

test("moving through time", async () => {
  const { page, problems, close } = await open("#/s/02-leader-failover?lang=en");
  const moves = [
    ["event-forward", "ArrowRight", "Event forward"],
    ["event-back", "ArrowLeft", "Event back"],
    ["beat-back", "PageUp", "Step before"],
    ["to-start", "Home", "To the start"],
    ["to-end", "End", "To the end"],
  ];
  for (const [name, key, label] of moves) {
    await same(page, name, () => seek(page, 8.2), [
      () => page.locator(".bar").getByRole("button", { name: label, exact: true }).click(),
      async () => {
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press(key);
      },
      () => act(page, name),
    ]);
  }
  for (const [name, key, steps] of [["ten-forward", "Shift+ArrowRight", 10], ["ten-back", "Shift+ArrowLeft", -10]]) {
    await same(page, name, () => seek(page, 8.2), [
      async () => {
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press(key);
      },
      () => act(page, name),
      () => page.evaluate((n) => window.highwater.step(n), steps),
    ]);
  }
  assert.deepEqual(problems(), []);
  await close();
});

test("every fault, in the menu of the thing", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  // Controller 0, brokers 1 to 3, then p1, c1, c2.
  const faults = [
    [1, "Kill broker 1", "k", { do: "stop", node: 1, how: "Crash" }],
    [1, "Cut its power", "o", { do: "stop", node: 1, how: "Power" }],
    [2, "Stop in order", "s", { do: "stop", node: 2, how: "Graceful" }],
    [3, "Freeze", "f", { do: "pause", node: 3 }],
    [2, "Cut off from everybody", "i", { do: "isolate", node: 2 }],
    [4, "Send a record", "n", { do: "send", producer: 4, count: 1 }],
    [4, "Send five records", "m", { do: "send", producer: 4, count: 5 }],
    [5, "Kill c1", "k", { do: "stop", node: 5, how: "Crash" }],
  ];
  await seek(page, 9);
  for (const [node, label, key, asked] of faults) {
    const thing = page.locator(`[data-target="node:${node}"]`).first();
    const untouched = await state(page);
    const items = page.getByRole("menu").getByRole("menuitem");
    const reached = await same(
      page,
      label,
      () => seek(page, 9),
      [
        async () => {
          await thing.click({ button: "right", position: { x: 12, y: 12 } });
          await page.getByRole("menu").waitFor();
          const all = await items.allInnerTexts();
          const place = all.findIndex((text) => text.startsWith(label));
          assert.ok(place >= 0, `${label} is not in ${JSON.stringify(all)}`);
          await items.nth(place).click();
        },
        async () => {
          await thing.focus();
          await page.keyboard.press("Shift+F10");
          await page.getByRole("menu").waitFor();
          await page.keyboard.press(key);
        },
        async () => assert.equal(await command(page, asked), null),
      ],
      () => seek(page, 11),
    );
    assert.notEqual(reached, untouched, label);
    await seek(page, 9);
    assert.equal(await state(page), untouched, `undo of: ${label}`);
  }
  assert.deepEqual(problems(), []);
  await close();
});

test("building a world, by button, palette and name", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  const parts = [
    ["add-broker", "+ broker", "Add a broker"],
    ["add-topic", "+ topic", "Add a topic"],
    ["add-producer", "+ producer", "Add a producer"],
    ["add-consumer", "+ consumer", "Add a consumer"],
    ["add-group", "+ group", "Add a group"],
  ];
  for (const [name, button, label] of parts) {
    await same(
      page,
      name,
      () => seek(page, 9),
      [
        () => page.locator(".adds").getByRole("button", { name: button, exact: true }).click(),
        async () => {
          await page.evaluate(() => document.activeElement?.blur());
          await page.keyboard.press("Control+k");
          await page.locator(".palette input").fill(label);
          await page.keyboard.press("Enter");
        },
        () => act(page, name),
      ],
      () => seek(page, 12),
    );
  }
  assert.deepEqual(problems(), []);
  await close();
});

test("a setting is changed in its field, and undo takes it back", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  await seek(page, 9);
  const before = await state(page);
  await page.locator("#tab-config").click();
  const field = page.locator('input[data-key="min.insync.replicas"]');
  assert.equal(await field.inputValue(), "2");
  await field.fill("3");
  await field.press("Enter");
  // The controller decides, and its decision must be on disk: the setting holds a moment later.
  await seek(page, 10);
  assert.equal(await page.locator('input[data-key="min.insync.replicas"]').inputValue(), "3");
  await page.locator('input[data-key="min.insync.replicas"]').fill("many");
  await page.locator('input[data-key="min.insync.replicas"]').press("Enter");
  assert.match(await page.locator(".notice").innerText(), /min\.insync\.replicas/);
  assert.equal(await page.locator('input[data-key="min.insync.replicas"]').inputValue(), "3");
  await page.keyboard.press("Escape");
  await act(page, "undo");
  await seek(page, 9);
  assert.equal(await state(page), before);
  assert.deepEqual(problems(), []);
  await close();
});
