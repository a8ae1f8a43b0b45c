//! Tools compiled from crates.io: trunk, wasm-bindgen-cli, wasm-pack.

use super::install;
use crate::context::Context;
use crate::shell::{self, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

struct CargoTool<'a> {
    /// The crate, and the name in the cache.
    package: &'a str,
    version: &'a str,
    /// The program that is asked for its version.
    program: &'a str,
    /// Another program that must lie on `PATH` as well.
    companion: Option<&'a str>,
    why: &'a str,
    /// Default features that only serve downloads and update checks are left out.
    features: &'a [&'a str],
    opt_level: &'a str,
    minutes: &'a str,
}

/// The builder and server of the page.
pub fn trunk(context: &mut Context) -> Result<()> {
    ensure(
        context,
        &CargoTool {
            package: "trunk",
            version: "0.21.14",
            program: "trunk",
            companion: None,
            why: "builds and serves the page",
            features: &["--no-default-features"],
            opt_level: "0",
            minutes: "2 minutes",
        },
    )
}

/// Must match the library exactly: the two talk over a private format.
pub fn wasm_bindgen(context: &mut Context) -> Result<()> {
    let version = context.locked_version("wasm-bindgen")?;
    ensure(
        context,
        &CargoTool {
            package: "wasm-bindgen-cli",
            version: &version,
            program: "wasm-bindgen",
            companion: Some("wasm-bindgen-test-runner"),
            why: "joins WebAssembly and JavaScript",
            features: &[],
            // It rewrites megabytes of wasm in every build.
            opt_level: "1",
            minutes: "1½ minutes",
        },
    )
}

/// The driver of tests in node and Chromium.
pub fn wasm_pack(context: &mut Context) -> Result<()> {
    ensure(
        context,
        &CargoTool {
            package: "wasm-pack",
            version: "0.15.1",
            program: "wasm-pack",
            companion: None,
            why: "runs tests in node and Chromium",
            features: &[],
            opt_level: "0",
            minutes: "1 minute",
        },
    )
}

fn ensure(context: &mut Context, tool: &CargoTool) -> Result<()> {
    if on_path(context, tool) {
        return Ok(());
    }
    let name = format!("{}-{}", tool.package, tool.version);
    let bin = context.cache.join(&name).join("bin");
    if !bin.is_dir() {
        install(context, &name, |part, input| {
            let mut cargo = cargo_install(context, tool, &name, part);
            compile(context, tool, &name, cargo.stdin(input))
        })?;
    }
    context.add_tool_dir(bin.clone());
    if on_path(context, tool) {
        return Ok(());
    }
    let dir = bin.parent().unwrap_or(&bin).display();
    Err(format!("the installed {name} does not start. Remove {dir} and try again."))
}

fn on_path(context: &Context, tool: &CargoTool) -> bool {
    let companion = tool.companion.is_none_or(|it| context.which(it).is_some());
    // "trunk 0.21.14": the version is the last word
    let version = shell::output(context.command(tool.program).arg("--version"));
    companion && version.is_ok_and(|text| text.split_whitespace().last() == Some(tool.version))
}

fn compile(context: &Context, tool: &CargoTool, name: &str, cargo: &mut Command) -> Result<()> {
    println!(
        "compiling {} {} from crates.io ({}; about {} on two cores, once)",
        tool.package, tool.version, tool.why, tool.minutes
    );
    let start = Instant::now();
    shell::run_logged(cargo, &context.cache.join(format!("{name}.log")))?;
    // Hundreds of megabytes that nobody needs again; if they stay, only space is lost.
    let _ = std::fs::remove_dir_all(target_dir(context, name));
    println!("  {name} is ready after {}", shell::elapsed(start));
    Ok(())
}

/// Kept until the tool is complete, so that a stopped compilation goes on where it was.
fn target_dir(context: &Context, name: &str) -> PathBuf {
    context.cache.join(format!(".{name}.target"))
}

fn cargo_install(context: &Context, tool: &CargoTool, name: &str, part: &Path) -> Command {
    let mut cargo = context.cargo();
    cargo
        // away from the repository's own settings for cargo
        .current_dir(part)
        .args(["install", "--locked", "--no-track", "--color=never"])
        .args(tool.features)
        .arg("--root")
        .arg(part)
        .arg("--target-dir")
        .arg(target_dir(context, name))
        .arg(format!("{}@{}", tool.package, tool.version))
        // These tools ship settings for the fastest program, which take three
        // times as long to compile: seven minutes for trunk.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", tool.opt_level)
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
        .env("CARGO_PROFILE_RELEASE_STRIP", "true")
        // flags meant for the page would rebuild or break a tool
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    cargo
}
