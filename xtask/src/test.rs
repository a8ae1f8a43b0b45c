//! `cargo xtask test`: every suite, each in the runner it is written for.

use crate::context::Context;
use crate::dist;
use crate::setup::{self, Need};
use crate::shell::{self, Result};
use crate::totals::Totals;
use std::io::IsTerminal;
use std::process::Command;
use std::time::Instant;

/// The crate whose tests run in node and in Chromium.
const WASM_TESTS: &str = "tests";

/// What the tests in node and Chromium need, in an order that fails early.
const NEEDS: [Need; 7] =
    [Need::WasmTarget, Need::PageTests, Need::WasmOpt, Need::Chromium, Need::WasmBindgen, Need::WasmPack, Need::Trunk];

/// The random worlds of every full run.
const SWARM_SEEDS: &str = "0..500";
/// Events in each of them.
const SWARM_STEPS: &str = "20000";

/// The native tests.
pub fn quick(context: &Context) -> Result<()> {
    let mut report = Report::default();
    report.native(context);
    report.finish()
}

/// All tests. A suite that fails does not stop the others.
pub fn all(context: &mut Context) -> Result<()> {
    // Native tests first: they need no set-up and find most mistakes.
    let mut report = Report::default();
    report.native(context);
    report.swarm(context);
    report.planted(context);
    match setup::ensure(context, &NEEDS) {
        Ok(()) => {
            report.wasm(context, "wasm in node", &["--node"], &[]);
            let chrome = ["--headless", "--chrome"];
            let feature = ["--features", "browser"];
            report.wasm(context, "wasm in Chromium", &chrome, &feature);
            report.page(context);
        }
        Err(message) => report.failures.push(format!("set-up: {message}")),
    }
    report.finish()
}

/// What ran, what it counted and what went wrong.
#[derive(Default)]
struct Report {
    totals: Totals,
    lines: Vec<String>,
    failures: Vec<String>,
}

impl Report {
    fn native(&mut self, context: &Context) {
        let mut cargo = context.cargo();
        cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
        self.suite("native", &mut cargo);
    }

    /// Bugs planted on purpose: every one is caught.
    fn planted(&mut self, context: &Context) {
        let mut cargo = context.cargo();
        cargo.args(["test", "--package", "highwater-tests", "--locked", "--features", "planted-faults"]);
        cargo.args(["--test", "engine", "planted"]);
        self.suite("planted bugs", &mut cargo);
    }

    /// Random worlds with random faults: every promise is kept, and all recovers.
    fn swarm(&mut self, context: &Context) {
        println!("\n== swarm");
        let start = Instant::now();
        let mut cargo = context.cargo();
        // The program that the page's tests need anyway, with debug assertions.
        cargo.args(["run", "--quiet", "--package", "highwater-cli", "--locked", "--", "swarm"]);
        cargo.args(["--seeds", SWARM_SEEDS, "--steps", SWARM_STEPS]);
        match shell::run(&mut cargo) {
            Ok(()) => {
                let line = format!("swarm: seeds {SWARM_SEEDS}, {SWARM_STEPS} events each ({})", shell::elapsed(start));
                self.lines.push(line);
            }
            Err(message) => self.failures.push(format!("swarm: {message}")),
        }
    }

    fn wasm(&mut self, context: &Context, name: &str, runner: &[&str], options: &[&str]) {
        let mut pack = context.command("wasm-pack");
        pack.args(["test", "--mode", "no-install"])
            .args(runner)
            .arg(WASM_TESTS)
            // An optimised build without the long link of the release; the
            // same profile as `serve`, so its dependencies are compiled once.
            .args(["--profile", "serve", "--locked"])
            .args(options)
            // The golden traces take longer than the default of 20 seconds.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        self.suite(name, &mut pack);
    }

    fn page(&mut self, context: &mut Context) {
        if let Err(message) = dist::dist(context) {
            self.failures.push(format!("the page: {message}"));
            return;
        }
        // The tests compare the page with the program, and must not wait for its build.
        let mut build = context.cargo();
        build.args(["build", "--package", "highwater-cli", "--locked"]);
        if let Err(message) = shell::run(&mut build) {
            self.failures.push(format!("the page: {message}"));
            return;
        }
        match page_tests(context) {
            Ok(mut node) => self.suite("page", &mut node),
            Err(message) => self.failures.push(format!("the page: {message}")),
        }
    }

    fn suite(&mut self, name: &str, command: &mut Command) {
        println!("\n== {name} tests");
        let start = Instant::now();
        let mut totals = Totals::default();
        let result = shell::run_tee(command, |line| totals.read(line));
        self.lines.push(format!("{name}: {totals} ({})", shell::elapsed(start)));
        self.totals.merge(totals);
        if let Err(message) = result {
            self.failures.push(format!("{name}: {message}"));
        } else if totals.passed == 0 {
            // A runner that finds nothing to run is content with that; we are not.
            self.failures.push(format!("{name}: no test ran"));
        } else if totals.failed > 0 {
            self.failures.push(format!("{name}: {totals}"));
        }
    }

    /// Ends with the totals: the last line is read by people and machines.
    fn finish(self) -> Result<()> {
        println!();
        self.lines.iter().for_each(|line| println!("{line}"));
        let result = if self.failures.is_empty() { Ok(()) } else { Err(self.failures.join("\n")) };
        println!("\n{}", self.totals);
        result
    }
}

/// node's test runner over `tests/browser/*.test.mjs`.
fn page_tests(context: &Context) -> Result<Command> {
    // Listed here, because versions of node disagree about folders and patterns.
    let dir = context.root.join("tests/browser");
    let entries = std::fs::read_dir(&dir).map_err(|error| format!("tests/browser: {error}"))?;
    let mut files: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".test.mjs"))
        .map(|name| format!("tests/browser/{name}"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err("tests/browser has no *.test.mjs".into());
    }
    let chromium = setup::chromium(context).ok_or("Chromium is missing")?;
    let reporter = if std::io::stdout().is_terminal() { "spec" } else { "tap" };
    let mut node = context.command("node");
    // For node a file is a test too: the stories take minutes.
    node.args(["--test", "--test-timeout=900000"])
        .arg(format!("--test-reporter={reporter}"))
        .args(files)
        .env("HIGHWATER_CHROMIUM", chromium);
    Ok(node)
}
