//! `cargo xtask bench`: the engine's speed natively and as WebAssembly, side by side.

use crate::context::Context;
use crate::dist;
use crate::setup::{self, Need};
use crate::shell::{self, Result};
use std::process::Command;

/// Runs every world natively and in node, one after the other, and prints the lines of both with their ratio.
///
/// `args`: `--seconds S` for each measurement.
pub fn bench(context: &mut Context, args: &[&str]) -> Result<()> {
    let seconds = match args {
        [] => "2",
        ["--seconds", seconds] if seconds.parse::<u32>().is_ok() => seconds,
        _ => return Err("usage: cargo xtask bench [--seconds S]".into()),
    };
    setup::ensure(context, &[Need::WasmTarget, Need::WasmOpt])?;
    shell::run(context.cargo().args(["build", "--locked", "--profile", "bench", "--package", "highwater-cli"]))?;
    let wasm = ["build", "--locked", "--release", "--target", "wasm32-unknown-unknown", "--package", "highwater-bench"];
    shell::run(context.cargo().args(wasm))?;
    let target = context.target_dir()?;
    let target = target.display();
    let built = format!("{target}/wasm32-unknown-unknown/release/highwater_bench.wasm");
    let module = format!("{target}/highwater_bench.wasm");
    let (level, flags) = dist::wasm_opt_options(context)?;
    let mut optimise = context.command("wasm-opt");
    shell::run(optimise.arg(format!("-O{level}")).args(flags.split_whitespace()).args([&built, "-o", &module]))?;

    let program = format!("{target}/release/highwater");
    let mut ratios = Vec::new();
    for world in worlds(context, &module)? {
        // World by world, so that a machine which gets slower is slower for both.
        let native =
            lines(context.command(&program).args(["bench", "--json", "--seconds", seconds, "--world", &world]))?;
        let wasm = lines(context.command("node").args(["bench/run.mjs", &module, seconds, &world]))?;
        native.iter().chain(&wasm).for_each(|line| println!("{line}"));
        // Natively more is measured than in wasm: what has the same name is compared.
        for (name, native) in native.iter().map(|line| name_and_speed(line)).collect::<Result<Vec<_>>>()? {
            for line in &wasm {
                let (same, wasm) = name_and_speed(line)?;
                if same == name {
                    ratios.push(format!("{{\"name\":\"{name}\",\"wasm_to_native\":{:.2}}}", wasm / native));
                }
            }
        }
    }
    ratios.iter().for_each(|ratio| println!("{ratio}"));
    Ok(())
}

/// The worlds the module knows.
fn worlds(context: &Context, module: &str) -> Result<Vec<String>> {
    lines(context.command("node").args(["bench/run.mjs", module, "--names"]))
}

fn lines(command: &mut Command) -> Result<Vec<String>> {
    Ok(shell::output(command)?.lines().map(str::to_owned).collect())
}

fn name_and_speed(line: &str) -> Result<(&str, f64)> {
    let name = shell::json_text(line, "name");
    let speed = line.split("\"events_per_second\":").nth(1);
    let speed = speed.and_then(|rest| rest.split([',', '}']).next()?.parse().ok());
    name.zip(speed).ok_or_else(|| format!("no figure in `{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_wherever_it_stands() {
        let line = r#"{"events_per_second":1200000.0,"name":"failover","times_real_time":900.0}"#;
        assert_eq!(name_and_speed(line), Ok(("failover", 1_200_000.0)));
        assert!(name_and_speed("{}").is_err());
    }
}
