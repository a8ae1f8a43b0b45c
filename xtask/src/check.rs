//! `cargo xtask check`: everything that needs no test to run.

use crate::context::Context;
use crate::licences;
use crate::setup::{self, Need};
use crate::shell::{self, Result};
use std::process::Command;

/// Formatting, licences, and lints for this machine and for the browser.
/// A check that fails does not stop the others.
pub fn check(context: &mut Context) -> Result<()> {
    setup::ensure(context, &[Need::Lints, Need::WasmTarget])?;
    let mut failed = Vec::new();
    let mut note = |name: &str, result: Result<()>| {
        if let Err(message) = result {
            eprintln!("{name}: {message}");
            failed.push(name.to_owned());
        }
    };
    let fmt = shell::run(context.cargo().args(["fmt", "--all", "--check"]));
    note("formatting (cargo fmt repairs it)", fmt);
    note("licences", licences::check(context));
    note("planted bugs", no_planted_bugs(context));
    let native = ["--workspace", "--all-targets"];
    note("lints", shell::run(&mut clippy(context, &native)));
    // Crate by crate: only what is compiled for the browser, with its own
    // features. Native-only dev-dependencies stay out of engine and web.
    for (name, args) in
        [("engine", &["--lib"][..]), ("web", &[]), ("tests", &["--all-targets", "--features", "browser"])]
    {
        let mut command = clippy_in(context, name, args);
        note(&format!("lints of {name} for wasm32"), shell::run(&mut command));
    }
    if failed.is_empty() {
        println!("all checks passed");
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

/// What people are given must not have the bugs that the suites plant.
fn no_planted_bugs(context: &Context) -> Result<()> {
    let tree = |target: &str| {
        let mut cargo = context.cargo();
        cargo.args(["tree", "--locked", "--offline", "--edges", "features", "--package", target]);
        shell::output(&mut cargo)
    };
    for package in ["highwater-web", "highwater-cli"] {
        if tree(package)?.contains("planted-faults") {
            return Err(format!("{package} is built with the feature planted-faults"));
        }
    }
    Ok(())
}

fn clippy_in(context: &Context, member: &str, args: &[&str]) -> Command {
    let manifest = format!("{member}/Cargo.toml");
    let mut all = vec!["--target=wasm32-unknown-unknown", "--manifest-path"];
    all.push(&manifest);
    all.extend(args);
    clippy(context, &all)
}

fn clippy(context: &Context, args: &[&str]) -> Command {
    let mut cargo = context.cargo();
    cargo.args(["clippy", "--locked"]).args(args).args(["--", "--deny", "warnings"]);
    cargo
}
