//! Tools from npm: wasm-opt (binaryen) and what the tests of the page import.

use super::install;
use crate::context::Context;
use crate::shell::{self, Result};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The version of binaryen, whose wasm-opt must understand today's rustc.
/// Distributions' packages are often too old.
const BINARYEN: &str = "132.0.0";

/// The oldest node that has all the options of the test runner.
const OLDEST_NODE: u32 = 20;

/// The optimiser of the released page.
pub fn wasm_opt(context: &mut Context) -> Result<()> {
    if wasm_opt_on_path(context) {
        return Ok(());
    }
    node(context)?;
    let name = format!("binaryen-{BINARYEN}");
    let place = context.cache.join(&name);
    if !place.is_dir() {
        install(context, &name, |part, input| {
            println!("installing wasm-opt from npm's {name} (shrinks the page; some seconds)");
            let start = Instant::now();
            let mut npm = npm(context, "install");
            npm.stdin(input).arg("--prefix").arg(part).arg(format!("binaryen@{BINARYEN}"));
            shell::run_logged(&mut npm, &context.cache.join(format!("{name}.log")))?;
            println!("  {name} is ready after {}", shell::elapsed(start));
            Ok(())
        })?;
    }
    context.add_tool_dir(place.join("node_modules/.bin"));
    if wasm_opt_on_path(context) {
        return Ok(());
    }
    let place = place.display();
    Err(format!("the installed wasm-opt does not start. Remove {place} and try again."))
}

/// The packages of `tests/browser`, exactly as in its lock file.
pub fn page_tests(context: &Context) -> Result<()> {
    node(context)?;
    let dir = context.root.join("tests/browser");
    let lock = fs::read(dir.join("package-lock.json"))
        .map_err(|error| format!("cannot read tests/browser/package-lock.json: {error}"))?;
    // Written last, so an interrupted installation is done again.
    let stamp = dir.join("node_modules/.installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing the npm packages of tests/browser (tests of the page; some seconds)");
    let start = Instant::now();
    fs::create_dir_all(&context.cache).map_err(|error| format!("{}: {error}", context.cache.display()))?;
    let mut npm = npm(context, "ci");
    npm.current_dir(&dir).stdin(Stdio::null());
    shell::run_logged(&mut npm, &context.cache.join("npm-page-tests.log"))?;
    fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))?;
    println!("  they are ready after {}", shell::elapsed(start));
    Ok(())
}

/// `npm <verb>` without scripts of packages, questions and advertisements.
fn npm(context: &Context, verb: &str) -> Command {
    let mut npm = context.command("npm");
    npm.args([verb, "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
    npm
}

fn wasm_opt_on_path(context: &Context) -> bool {
    // "wasm-opt version 132 (version_132)"
    let major = BINARYEN.split('.').next();
    let version = shell::output(context.command("wasm-opt").arg("--version"));
    version.is_ok_and(|text| text.split_whitespace().nth(2) == major)
}

/// node and npm cannot be installed for everybody in one way: say what is missing.
fn node(context: &Context) -> Result<()> {
    let advice = format!(
        "Install node {OLDEST_NODE} or newer with npm \
         (on Debian, as root: apt-get install nodejs npm) and try again."
    );
    let version =
        shell::output(context.command("node").arg("--version")).map_err(|_| format!("node is missing. {advice}"))?;
    let version = version.trim();
    let major = version.trim_start_matches('v').split('.').next();
    if major.and_then(|it| it.parse().ok()).is_none_or(|it: u32| it < OLDEST_NODE) {
        return Err(format!("node {version} is too old. {advice}"));
    }
    if context.which("npm").is_none() {
        return Err(format!("node is there, but npm is missing. {advice}"));
    }
    Ok(())
}
