// Every action by pointer, by keyboard and by the programming interface: the same state.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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

// Nodes of the sandbox: controller 0, brokers 1 to 3, then p1, c1, c2. Topic 1 is orders, group 0 billing.
const ORDERS = "partition:1:0";
const admin = (request) => ({ do: "admin", request });

/** [action, what was done before, thing, its item, its key in the menu, the same as a command] */
const MENU = [
  ["kill", [], "node:1", "Kill broker 1", "k", { do: "stop", node: 1, how: "Crash" }],
  ["power-off", [], "node:1", "Cut its power", "o", { do: "stop", node: 1, how: "Power" }],
  ["stop", [], "node:2", "Stop in order", "s", { do: "stop", node: 2, how: "Graceful" }],
  ["start", [{ do: "stop", node: 2, how: "Crash" }], "node:2", "Start", "r", { do: "start", node: 2 }],
  ["freeze", [], "node:3", "Freeze", "f", { do: "pause", node: 3 }],
  ["thaw", [{ do: "pause", node: 3 }], "node:3", "Let it go on", "u", { do: "resume", node: 3 }],
  ["isolate", [], "node:2", "Cut off from everybody", "i", { do: "isolate", node: 2 }],
  ["cut", [], "node:2", "Cut the link to broker 3", null, { do: "cut", from: 2, to: 3, both_ways: true }],
  ["heal", [{ do: "isolate", node: 2 }], "node:2", "Heal the network", "h", { do: "heal-all" }],
  ["send-one", [], "node:4", "Send a record", "n", { do: "send", producer: 4, count: 1 }],
  ["send-five", [], "node:4", "Send five records", "m", { do: "send", producer: 4, count: 5 }],
  ["kill", [], "node:5", "Kill c1", "k", { do: "stop", node: 5, how: "Crash" }],
  ["seek-beginning", [], "group:0", "Group to the beginning", "b", { do: "seek", group: 0, to: "Beginning" }],
  ["seek-end", [{ do: "pause", node: 5 }], "group:0", "Group to the end", "e", { do: "seek", group: 0, to: "End" }],
  ["elect-preferred", [{ do: "stop", node: 1, how: "Crash" }, { do: "start", node: 1 }], ORDERS, "Elect the preferred leader", "p", admin("elect-leader 1 0 preferred")],
  ["elect-unclean", [{ do: "stop", node: 2, how: "Crash" }, { do: "stop", node: 3, how: "Crash" }, { do: "stop", node: 1, how: "Crash" }, { do: "start", node: 2 }], ORDERS, "Elect a leader uncleanly", null, admin("elect-leader 1 0 unclean")],
  ["remove-replica", [], ORDERS, "Remove the replica on broker 3", null, admin("reassign 1 0 1 2")],
  ["add-replica", [admin("reassign 1 0 1 2")], ORDERS, "Add a replica on broker 3", null, admin("reassign 1 0 1 2 3")],
  ["cancel-reassignment", [admin("reassign 1 0 1 2"), { do: "stop", node: 3, how: "Crash" }, admin("reassign 1 0 1 2 3")], ORDERS, "Cancel the reassignment", "c", admin("reassign 1 0")],
  ["grow-topic", [], ORDERS, "Create one more partition", null, admin("create-partitions 1 4")],
  ["delete-topic", [], ORDERS, "Delete the topic", null, admin("delete-topic 1")],
  // The second half of the menus. What asks first has a form: an empty list takes what it proposes.
  ["power-torn", [], "node:1", "Cut its power in the middle of a write…", "t", { do: "power-cut", node: 1, kept: 0, torn: true }, []],
  ["disk-full", [], "node:1", "Fill its disk", null, { do: "disk", node: 1, what: "Full" }],
  ["disk-freed", [{ do: "disk", node: 1, what: "Full" }], "node:1", "Make room on its disk", null, { do: "disk", node: 1, what: "Freed" }],
  ["disk-lost", [], "node:3", "Lose its disk", null, { do: "disk", node: 3, what: "Lost" }],
  ["cut-one-way", [], "node:2", "Cut a link one way…", null, { do: "cut", from: 2, to: 1, both_ways: false }, []],
  ["heal-one", [{ do: "isolate", node: 2 }, { do: "cut", from: 3, to: 1, both_ways: true }], "node:2", "Heal: broker 2 is reachable again", null, { do: "heal", fault: 0 }],
  ["drop-next", [], "node:2", "Drop the next message…", "x", { do: "drop-next", from: 2, to: 1, kind: "Fetch", response: false }, []],
  ["delay-next", [], "node:2", "Delay the next request…", "l", { do: "delay-next", from: 2, to: 1, kind: "Fetch", by: 2e6 }, []],
  ["latency", [], "node:2", "Latency of all links…", "y", { do: "latency", latency: 50e3, jitter: 0 }, ["50", "0"]],
  ["processing", [], "node:5", "Processing time…", "v", { do: "processing", node: 5, takes: 700e3 }, ["700"]],
  ["workload", [], "node:4", "Pace, number and keys…", "w", { do: "workload", producer: 4, every: 50e3, count: 9, keys: "k l" }, ["50", "9", " k  l "]],
  ["tombstone", [], "node:4", "Send a tombstone…", "q", { do: "tombstone", producer: 4, key: "a" }, []],
  ["pause-partitions", [], "node:5", "Pause its partitions", "a", { do: "pause-partitions", node: 5, paused: true }],
  ["resume-partitions", [{ do: "pause-partitions", node: 5, paused: true }], "node:5", "Resume its partitions", "g", { do: "pause-partitions", node: 5, paused: false }],
  ["seek-offset", [], "group:0", "Group to an offset…", "j", { do: "seek", group: 0, to: "Offset 1" }, ["1"]],
  ["seek-time", [], "group:0", "Group to a moment…", "z", { do: "seek", group: 0, to: "Time 6000" }, ["6000"]],
  ["corrupt", [], ORDERS, "Flip a bit on the disk…", null, { do: "corrupt", node: 1, topic: 1, partition: 0, offset: 0 }, ["0"]],
  ["delete-records", [], ORDERS, "Delete records below an offset…", null, { do: "delete-records", topic: 1, partition: 0, offset: 1 }, ["1"]],
];

test("every item of every menu: by pointer, by key and as a command", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  const items = page.locator("[role=menu] [role=menuitem]");
  const placeOf = async (label) => {
    await page.getByRole("menu").waitFor();
    // What is held back has its words too; it only does not show.
    const all = await items.evaluateAll((list) => list.map((item) => item.querySelector("span").firstChild.textContent));
    const place = all.indexOf(label);
    assert.ok(place >= 0, `${label} is not in ${JSON.stringify(all)}`);
    return place;
  };
  const more = page.getByRole("menuitem", { name: "More faults and changes" });
  /** Writes into the fields of the form that opened, and takes it with Enter. */
  const fillIn = async (written) => {
    if (!written) return;
    const form = page.getByRole("dialog");
    await form.waitFor();
    const fields = form.locator("[data-field]");
    for (const [index, text] of written.entries()) await fields.nth(index).fill(text);
    await form.getByRole("button", { name: "Do it" }).press("Enter");
    await form.waitFor({ state: "hidden" });
  };
  await seek(page, 9);
  const untouched = await state(page);
  for (const [name, before, target, label, key, asked, written] of MENU) {
    let at = 9;
    for (const earlier of before) {
      assert.equal(await command(page, earlier), null, `${name}: ${JSON.stringify(earlier)}`);
      // Long enough for an outage to be noticed and for a broker to be back.
      at += 13;
      await seek(page, at);
    }
    const prepared = await state(page);
    const thing = page.locator(`[data-target="${target}"]`).first();
    const reached = await same(
      page,
      label,
      () => seek(page, at),
      [
        async () => {
          await thing.click({ button: "right", position: { x: 12, y: 8 } });
          const item = items.nth(await placeOf(label));
          if (!(await item.isVisible())) await more.click();
          await item.click();
          await fillIn(written);
        },
        async () => {
          await thing.focus();
          await page.keyboard.press("Shift+F10");
          const place = await placeOf(label);
          if (key) {
            await page.keyboard.press(key);
            return fillIn(written);
          }
          if (!(await items.nth(place).isVisible())) {
            await page.keyboard.press("End");
            await page.keyboard.press("Enter");
            await items.nth(place).waitFor();
          }
          for (let step = 0; step < 40; step += 1) {
            if (await items.nth(place).evaluate((item) => item === document.activeElement)) break;
            await page.keyboard.press("ArrowDown");
          }
          await page.keyboard.press("Enter");
          await fillIn(written);
        },
        async () => assert.equal(await command(page, asked), null, label),
      ],
      () => seek(page, at + 2),
    );
    await seek(page, at);
    assert.equal(await state(page), prepared, `undo of: ${label}`);
    await seek(page, at + 2);
    assert.notEqual(reached, await state(page), `${label} does something`);
    for (const _ of before) await act(page, "undo");
    await seek(page, 9);
    assert.equal(await state(page), untouched, `undo of what came before: ${label}`);
  }
  assert.deepEqual(problems(), []);
  await close();
});

test("a message is dropped by pointer, by key and as a command", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  const stats = () => page.evaluate(() => window.highwater.stats());
  let at = 9;
  for (await seek(page, at); (await stats()).inFlight === 0; await seek(page, at)) at += 0.002;
  const before = await state(page);
  // Packets are drawn on a canvas: one lies somewhere on a wire.
  const places = await page.evaluate(() =>
    [...document.querySelectorAll(".stage-figure path")].flatMap((path) => {
      const [length, matrix] = [path.getTotalLength(), path.getScreenCTM()];
      if (!(length > 60)) return [];
      return Array.from({ length: Math.floor(length / 8) }, (_, step) => {
        const { x, y } = path.getPointAtLength(step * 8).matrixTransform(matrix);
        return [x, y];
      });
    }),
  );
  const item = page.getByRole("menuitem").filter({ hasText: "Drop this message" });
  let found;
  for (const [x, y] of places) {
    await page.mouse.click(x, y, { button: "right" });
    if (await item.count()) {
      found = [x, y];
      break;
    }
    await page.keyboard.press("Escape");
  }
  assert.ok(found, `a packet was found on ${places.length} places`);
  const ways = [
    async () => {
      await page.mouse.click(...found, { button: "right" });
      await item.click();
    },
    async () => {
      await page.mouse.click(...found, { button: "right" });
      await page.getByRole("menu").waitFor();
      await page.keyboard.press("d");
    },
  ];
  const reached = await same(page, "drop", () => seek(page, at), ways, () => seek(page, at + 2));
  await seek(page, at);
  assert.equal(await state(page), before);
  // Whichever message it was: one of those under way, dropped by its number, leads to the same.
  const dropped = await page.evaluate((us) => {
    const states = [];
    for (let envelope = 0; envelope < 30_000; envelope += 1) {
      if (window.highwater.do({ do: "drop", envelope }) !== null) continue;
      window.highwater.seek(us + 2e6);
      const { events, time } = window.highwater.stats();
      states.push(`${window.highwater.stateHash()} ${events} ${time}`);
      window.highwater.act("undo");
      window.highwater.seek(us);
    }
    return states;
  }, at * 1e6);
  assert.ok(dropped.includes(reached), `${dropped.length} messages were under way`);
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
    ["add-queue", "+ queue", "Add a queue"],
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

test("what was done is taken back and given again by button, by key and by name", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  await seek(page, 9);
  const before = await state(page);
  const ways = (label, key, name) => [
    () => page.getByRole("button", { name: label, exact: true }).first().click(),
    async () => {
      await page.evaluate(() => document.activeElement?.blur());
      await page.keyboard.press(key);
    },
    () => act(page, name),
  ];
  assert.equal(await command(page, { do: "stop", node: 1, how: "Crash" }), null);
  const after = await state(page);
  const [undo, redo] = [ways("Undo", "Control+z", "undo"), ways("Redo", "Control+Shift+z", "redo")];
  for (let way = 0; way < 3; way += 1) {
    await undo[way]();
    await page.waitForTimeout(30);
    await seek(page, 9);
    assert.equal(await state(page), before, `undo ${way}`);
    await redo[way]();
    await page.waitForTimeout(30);
    await seek(page, 9);
    assert.equal(await state(page), after, `redo ${way}`);
  }
  assert.deepEqual(problems(), []);
  await close();
});

test("brokers by their number, and what is selected is removed", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  for (const [number, node] of [[1, 1], [2, 2], [3, 3]]) {
    await same(
      page,
      `toggle-${number}`,
      () => seek(page, 9),
      [
        async () => {
          await page.evaluate(() => document.activeElement?.blur());
          await page.keyboard.press(`Alt+${number}`);
        },
        () => act(page, `toggle-${number}`),
        () => command(page, { do: "stop", node, how: "Crash" }),
      ],
      () => seek(page, 11),
    );
  }
  const choose = () => page.locator('[data-target="node:6"]').first().click({ position: { x: 12, y: 8 } });
  await same(
    page,
    "remove",
    () => seek(page, 9),
    [
      async () => {
        await choose();
        await page.keyboard.press("Delete");
      },
      async () => {
        await choose();
        await act(page, "remove");
      },
      async () => {
        await choose();
        await page.keyboard.press("Control+k");
        await page.locator(".palette input").fill("Remove what is selected");
        await page.keyboard.press("Enter");
      },
    ],
    () => seek(page, 12),
  );
  assert.deepEqual(problems(), []);
  await close();
});

// What only changes how things are shown, or leaves the page.
const SHOWN = ["menu", "inspector", "sequence", "charts", "group-panel", "producer-panel", "promises", "branches", "other-branch", "compare-branches", "zoom-in", "zoom-out", "zoom-fit", "palette",
  "describe", "present", "black", "language", "theme", "help", "escape", "slower", "faster", "number-1", "number-2", "number-3", "number-4", "number-5", "number-6", "number-7",
  "number-8", "number-9", "loop-start", "loop-end", "loop-clear", "event-panel", "table-panel", "record-panel"];
// Time passes by the clock on the wall, or a file or another run is at stake: tested elsewhere, or by hand.
const ELSEWHERE = ["toggle-play", "beat-forward", "hour-forward", "take-controls", "full-screen", "download-trace", "open-scenario",
  "download-scenario", "copy-link", "start-afresh", "earlier-sandbox", "toggle-4", "toggle-5", "toggle-6", "toggle-7",
  "toggle-8", "toggle-9", "home", "sandbox", "letter-keys", "add-partition",
  "until-loss", "until-election", "until-rebalance", "until-isr", "until-lag-10", "until-lag-100", "until-lag-1000", "until-breach"];
const TESTED = ["event-forward", "event-back", "ten-forward", "ten-back", "beat-back", "to-start", "to-end", "undo", "redo", "toggle-1", "toggle-2",
  "toggle-3", "remove", "drop", "add-broker", "add-topic", "add-producer", "add-consumer", "add-group", "add-queue", ...MENU.map(([name]) => name)];

test("what only changes the view leaves the run as it is, by key and by name", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  await seek(page, 9);
  const before = await state(page);
  for (const [name, key] of table()) {
    if (!SHOWN.includes(name)) continue;
    for (const way of [() => act(page, name), () => (key ? page.keyboard.press(key) : null)]) {
      await page.evaluate(() => document.activeElement?.blur());
      await way();
      await page.waitForTimeout(20);
      await page.keyboard.press("Escape");
      assert.equal(await state(page), before, name);
    }
  }
  assert.deepEqual(problems(), []);
  await close();
});

/** The page's own table: names and first keys. */
function table() {
  const source = readFileSync(new URL("../../web/src/action/table.rs", import.meta.url), "utf8");
  const line = /on\(Action::[^"]*"([^"]+)", Scope::\w+, &\[(?:key\("([^"]+)"\)((?:\.\w+\(\))*))?/g;
  const cap = (key, held) => [held.includes("ctrl") && "Control", held.includes("alt") && "Alt", held.includes("shift") && "Shift", key].filter(Boolean).join("+");
  return [...source.matchAll(line)].map(([, name, key, held]) => [name, key && cap(key, held ?? "")]);
}

test("no action of the table is left out", () => {
  const names = table().map(([name]) => name);
  assert.ok(names.length > 70, `${names.length} actions were read`);
  const known = new Set([...SHOWN, ...ELSEWHERE, ...TESTED]);
  assert.deepEqual(names.filter((name) => !known.has(name)), []);
  assert.deepEqual([...known].filter((name) => !names.includes(name)), []);
});
