// Loaded before the program, and outliving it: when the program breaks, it is stopped and started again in the same
// page. The card itself and its words come from the program; here are only its three buttons.
(() => {
  const kept = [];
  const own = window.addEventListener.bind(window);
  for (const place of [window, document]) {
    const add = place.addEventListener;
    place.addEventListener = (type, listener, options) => {
      kept.push([place, type, listener, options]);
      return add.call(place, type, listener, options);
    };
  }

  let turn = 0;
  let quiet = false;

  /** A fresh program, in this page, at another place of the story. */
  async function restart(fragment) {
    quiet = true;
    for (const [place, type, listener, options] of kept.splice(0)) place.removeEventListener(type, listener, options);
    document.body.replaceChildren();
    history.replaceState(null, "", fragment || "#/");
    const glue = document.querySelector("link[rel=modulepreload]");
    const wasm = document.querySelector('link[rel=preload][href$=".wasm"]');
    try {
      turn += 1;
      const program = await import(`${glue.href}?again=${turn}`);
      await program.default({ module_or_path: wasm.href });
    } catch {
      location.reload();
    }
    setTimeout(() => (quiet = false), 1000);
  }

  // A mistake that is no panic of the program is shown by the program, if it still can.
  const broken = (what) => {
    if (quiet || document.getElementById("crash")) return;
    try {
      window.highwater?.broken(String(what));
    } catch {
      // It is the program that is broken: its own card is on the page already.
    }
  };
  // A browser says "ResizeObserver loop …" when a size settles a frame later: nothing is broken.
  own("error", (event) => /^ResizeObserver loop/.test(event.message) || broken(event.message));
  own("unhandledrejection", (event) => broken(event.reason));

  // Without WebAssembly there is no program that could say so: the smallest module is compiled to find out.
  own("DOMContentLoaded", () => {
    try {
      new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    } catch {
      document.getElementById("no-wasm").hidden = false;
    }
  });

  own("click", (event) => {
    const what = event.target.closest?.("#crash [data-crash]")?.dataset.crash;
    if (!what) return;
    const here = location.hash;
    if (what === "copy") navigator.clipboard?.writeText(document.querySelector("#crash pre").textContent);
    if (what === "before") restart(window.highwaterBefore?.fragment ?? here);
    if (what === "afresh") restart(here.split("?")[0]);
  });
})();
