//! The Rust side: target and components of the pinned toolchain.

use crate::context::Context;
use crate::shell::{self, Result};
use std::path::Path;

const TARGET: &str = "wasm32-unknown-unknown";

/// The standard library for the browser.
pub fn wasm_target(context: &Context) -> Result<()> {
    if has_target(context)? {
        return Ok(());
    }
    println!("adding the Rust target {TARGET} (the page is WebAssembly; some seconds)");
    rustup(context, &["target", "add", TARGET])?;
    if has_target(context)? { Ok(()) } else { Err(format!("rustup added {TARGET}, but rustc does not find it")) }
}

/// rustfmt and clippy.
pub fn lints(context: &Context) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let version = shell::output(context.cargo().args([subcommand, "--version"]));
        if version.is_err() {
            println!("adding the Rust component {component} (for `cargo {subcommand}`)");
            rustup(context, &["component", "add", component])?;
        }
    }
    Ok(())
}

/// Asks rustc instead of rustup, so that a distribution's Rust works too.
fn has_target(context: &Context) -> Result<bool> {
    let mut rustc = context.command("rustc");
    let dir = shell::output(rustc.args(["--print", "target-libdir", "--target", TARGET]))?;
    Ok(Path::new(dir.trim()).is_dir())
}

fn rustup(context: &Context, args: &[&str]) -> Result<()> {
    if context.which("rustup").is_none() {
        return Err(format!(
            "rustup is missing, so this cannot be done for you: `rustup {}`.\n\
             Install rustup, or the same part from your distribution, and try again.",
            args.join(" ")
        ));
    }
    shell::run(context.command("rustup").args(args))
}
