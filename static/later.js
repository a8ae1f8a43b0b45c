// The second part of the program: all code that a first visit does not run (xtask/split). It is fetched when it is
// likely to be needed; code of the first part that needs it at once waits for it, in `load`.

/** Relative to this script, so that it works in any folder. */
const FILE = new URL("./later.wasm", import.meta.url);

let compiled;
let coming;
let stop;

/** Fetches the part, once, without anybody waiting. */
function fetchPart() {
  stop ??= new AbortController();
  coming ??= WebAssembly.compileStreaming(fetch(FILE, { signal: stop.signal })).then(
    (module) => {
      compiled ??= module;
    },
    (error) => {
      coming = stop = undefined;
      if (!compiled) throw error;
    },
  );
  return coming;
}

/** Fetches the part while the program stands still. */
function fetchNow() {
  // What is under way would come after this one.
  stop?.abort();
  const request = new XMLHttpRequest();
  request.open("GET", FILE, false);
  // Bytes as they are: each a character, with 0xf7 in front of those above 0x7f.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new Error(`status ${request.status}`);
  return new WebAssembly.Module(Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff));
}

/** What a program imports, with the way to its second part. `first` are the exports of the first part, once it is there. */
export function later(imports, first) {
  const load = () => {
    try {
      compiled ??= fetchNow();
    } catch (error) {
      throw new Error(`not loaded: ${FILE.pathname.split("/").pop()} (${error.message})`);
    }
    new WebAssembly.Instance(compiled, { ...imports, first: first() });
  };
  return { ...imports, later: { load } };
}

/** For the program, which waits for the part before it shows what needs it; nothing when it is here. */
window.highwaterLater = () => (compiled ? null : fetchPart());

// Who presses anything but the first screen's own buttons and keys is about to need it, and who points at a link too.
// If it cannot be had now, nothing is lost: it is asked for again when it is needed, and then somebody says so.
const KEYS = ["Tab", "Shift", "Control", "Alt", "Meta", "Enter", " ", "Escape", "k", "l", "t"];
const soon = () => compiled || fetchPart().catch(() => {});
const on = (type, is) => addEventListener(type, (event) => is(event) && soon(), { capture: true, passive: true });
const isOwn = (event) => event.target.closest?.("[data-first]");
const isLink = (event) => event.target.closest?.('a[href^="#/"]:not([href="#/"])');
on("pointerdown", (event) => !isOwn(event));
on("keydown", (event) => event.ctrlKey || event.metaKey || !KEYS.includes(event.key));
on("pointerover", isLink);
on("focusin", isLink);
