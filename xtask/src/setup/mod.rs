//! Set-up: every tool a command needs, installed once, with a word about each.
//!
//! A tool of the right version that is already on `PATH` is used as it is.
//! Otherwise it goes into the cache, which all clones of one user share:
//! `<cache>/<tool>-<version>/`. A tool is built beside that place and renamed
//! into it at the end, so what is there is complete, whenever set-up was stopped.

mod browser;
mod cargo_tools;
mod npm;
mod rust;

pub use browser::chromium;

use crate::context::Context;
use crate::shell::Result;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::process::Stdio;

/// Something a command cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The standard library for wasm32.
    WasmTarget,
    /// rustfmt and clippy.
    Lints,
    /// The builder and server of the page.
    Trunk,
    /// The bindings generator and test runner, at the version of the lock file.
    WasmBindgen,
    /// The driver of the tests in node and Chromium.
    WasmPack,
    /// The optimiser of the released page.
    WasmOpt,
    /// Chromium, its driver and a font with Chinese characters.
    Chromium,
    /// The npm packages of `tests/browser`.
    PageTests,
}

impl Need {
    /// Everything, in an order that fails early.
    pub const ALL: [Need; 8] = [
        Need::WasmTarget,
        Need::Lints,
        Need::PageTests,
        Need::WasmOpt,
        Need::Chromium,
        Need::WasmBindgen,
        Need::Trunk,
        Need::WasmPack,
    ];
}

/// Installs what is missing of `needs` and puts it on the children's `PATH`.
pub fn ensure(context: &mut Context, needs: &[Need]) -> Result<()> {
    for need in needs {
        match need {
            Need::WasmTarget => rust::wasm_target(context)?,
            Need::Lints => rust::lints(context)?,
            Need::Trunk => cargo_tools::trunk(context)?,
            Need::WasmBindgen => cargo_tools::wasm_bindgen(context)?,
            Need::WasmPack => cargo_tools::wasm_pack(context)?,
            Need::WasmOpt => npm::wasm_opt(context)?,
            Need::Chromium => browser::ensure(context)?,
            Need::PageTests => npm::page_tests(context)?,
        }
    }
    Ok(())
}

/// Downloads the crates of the lock file, because trunk is then told to stay offline.
pub fn fetch_crates(context: &Context) -> Result<()> {
    let host = crate::shell::output(context.command("rustc").args(["--print", "host-tuple"]))?;
    crate::shell::run(context.cargo().args([
        "fetch",
        "--quiet",
        "--locked",
        "--target=wasm32-unknown-unknown",
        &format!("--target={}", host.trim()),
    ]))
}

/// Has `build` fill `<cache>/.<name>.part` and renames that to `<cache>/<name>`.
///
/// One process at a time builds one tool: a second clone's set-up waits here and
/// then finds the tool there. The command that `build` starts gets the locked
/// file as its input: if set-up is killed and the command lives on, the lock
/// lives as long as the command does, so that nobody builds into its folder.
fn install(context: &Context, name: &str, build: impl FnOnce(&Path, Stdio) -> Result<()>) -> Result<()> {
    let fail = |error: std::io::Error| {
        let cache = context.cache.display();
        format!("cannot write to the cache of tools {cache}: {error}")
    };
    fs::create_dir_all(&context.cache).map_err(fail)?;
    let lock = File::create(context.cache.join(format!(".{name}.lock"))).map_err(fail)?;
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        println!("  another set-up is installing {name}: waiting for its end");
        lock.lock().map_err(fail)?;
    }
    let place = context.cache.join(name);
    if place.exists() {
        return Ok(());
    }
    let part = context.cache.join(format!(".{name}.part"));
    if part.exists() {
        fs::remove_dir_all(&part).map_err(fail)?;
    }
    fs::create_dir_all(&part).map_err(fail)?;
    build(&part, lock.try_clone().map_err(fail)?.into())?;
    fs::rename(&part, &place).map_err(fail)
}
