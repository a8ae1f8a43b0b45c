//! `cargo xtask serve`: the page at an address of this machine.

use crate::context::Context;
use crate::setup::{self, Need};
use crate::shell::Result;
use std::net::TcpListener;
use std::process::Command;

const PORT: u16 = 8080;

/// Installs what serving needs, then becomes `trunk serve` with `args` added.
pub fn serve(context: &mut Context, args: &[&str]) -> Result<()> {
    let port = port(args)?;
    // Before anything is compiled: trunk would only say so at the very end.
    TcpListener::bind(("127.0.0.1", port)).map_err(|error| {
        format!(
            "cannot serve at port {port}: {error}.\n\
             Another program may be using it; choose one: cargo xtask serve --port 8081"
        )
    })?;
    setup::ensure(context, &[Need::WasmTarget, Need::WasmBindgen, Need::Trunk])?;
    setup::fetch_crates(context)?;
    println!("building the page (the first time some minutes), then serving it at");
    println!("\n  http://127.0.0.1:{port}/\n");
    let mut trunk = context.command("trunk");
    // Not optimised as the released page is: it builds in a fraction of the time.
    trunk.args(["serve", "--offline", "--cargo-profile", "serve"]).args(args);
    // dist/ keeps the released page, whatever is being served meanwhile.
    // (target/serve would be the directory of the cargo profile.)
    if !args.iter().any(|it| it.starts_with("--dist") || *it == "-d") {
        trunk.args(["--dist", "target/page"]);
    }
    become_command(trunk)
}

fn port(args: &[&str]) -> Result<u16> {
    let mut value = None;
    for (at, arg) in args.iter().enumerate() {
        if matches!(*arg, "--port" | "-p") {
            value = args.get(at + 1).copied();
        } else if let Some(rest) = arg.strip_prefix("--port=") {
            value = Some(rest);
        }
    }
    value.map_or(Ok(PORT), |text| text.parse().map_err(|_| format!("`{text}` is not a port: 1 to 65535")))
}

/// Replaces this process, so that a signal sent to it ends the server.
#[cfg(unix)]
fn become_command(mut command: Command) -> Result<()> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(format!("cannot start trunk: {error}"))
}

#[cfg(not(unix))]
fn become_command(mut command: Command) -> Result<()> {
    crate::shell::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_found_among_trunks_options() {
        assert_eq!(port(&[]), Ok(8080));
        assert_eq!(port(&["--open", "--port", "9000"]), Ok(9000));
        assert_eq!(port(&["--port=9001"]), Ok(9001));
        assert!(port(&["-p", "http"]).is_err());
    }
}
