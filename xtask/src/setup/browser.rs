//! Chromium, its driver and a Chinese font: the system's packages, not downloads.

use crate::context::Context;
use crate::shell::{self, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

/// Debian's packages; other systems get a message with what to look for.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-noto-cjk"];

/// Chromium's program: Debian's name, then those of other systems.
pub fn chromium(context: &Context) -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| context.which(name))
}

/// Installs what is missing and checks that browser and driver fit together.
pub fn ensure(context: &Context) -> Result<()> {
    let missing = missing(context);
    if !missing.is_empty() {
        install(context, &missing)?;
    }
    let browser = chromium(context).ok_or("Chromium is not on PATH after its installation")?;
    let browser = major(context, &browser.to_string_lossy())?;
    let driver = major(context, "chromedriver")?;
    if browser == driver {
        return Ok(());
    }
    Err(format!(
        "Chromium is version {browser}, but chromedriver is version {driver}: they must be equal, \
         or every test in the browser ends with \"http status: 404\".\n\
         Bring both up to date together, on Debian: \
         apt-get update && apt-get install --only-upgrade chromium chromium-driver"
    ))
}

fn missing(context: &Context) -> Vec<&'static str> {
    let present = [
        chromium(context).is_some(),
        context.which("chromedriver").is_some(),
        // Without one, Chinese text is drawn as boxes and its width is wrong.
        shell::output(context.command("fc-list").arg(":lang=zh")).is_ok_and(|fonts| !fonts.trim().is_empty()),
    ];
    let packages = PACKAGES.into_iter().zip(present);
    packages.filter(|(_, present)| !present).map(|(it, _)| it).collect()
}

fn install(context: &Context, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if context.which("apt-get").is_none() {
        return Err(format!(
            "the tests in the browser need Chromium, chromedriver of the same version and a font \
             with Chinese characters. Missing here, by their Debian names: {list}.\n\
             Install them with your system's package manager and try again."
        ));
    }
    let sudo = match privilege(context) {
        Some(sudo) => sudo,
        None => {
            return Err(format!(
                "the tests in the browser need packages that only root can install. Type\n\n  \
                 sudo apt-get update && sudo apt-get install --no-install-recommends {list}\n\n\
                 and try again."
            ));
        }
    };
    println!("installing {list} with apt-get (tests in the browser; a minute or less)");
    let start = Instant::now();
    fs::create_dir_all(&context.cache).map_err(|error| format!("{}: {error}", context.cache.display()))?;
    let log = context.cache.join("apt-get.log");
    let apt = |args: &[&str]| {
        // `env` carries the variable through sudo, which would drop it.
        let words = sudo.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive"]);
        let words: Vec<&str> = words.copied().collect();
        let mut command = context.command(words[0]);
        command.stdin(Stdio::null()).args(&words[1..]).args(["apt-get", "-o", "DPkg::Lock::Timeout=300"]).args(args);
        command
    };
    shell::run_logged(&mut apt(&["update"]), &log)?;
    let mut args = vec!["install", "--yes", "--no-install-recommends"];
    args.extend(packages);
    shell::run_logged(&mut apt(&args), &log)?;
    println!("  they are ready after {}", shell::elapsed(start));
    Ok(())
}

/// What to put before a command so that it runs as root: nothing, or `sudo`
/// where it asks no password.
fn privilege(context: &Context) -> Option<&'static [&'static str]> {
    let user = shell::output(context.command("id").arg("-u"));
    if user.is_ok_and(|id| id.trim() == "0") {
        return Some(&[]);
    }
    let sudo = shell::output(context.command("sudo").args(["-n", "true"]));
    sudo.is_ok().then_some(&["sudo", "-n"])
}

fn major(context: &Context, program: &str) -> Result<u32> {
    let text = shell::output(context.command(program).arg("--version"))?;
    major_in(&text).ok_or_else(|| format!("`{program} --version` names no version: {text}"))
}

/// The first number in "Chromium 156.0.8078.79 built on Debian" or
/// "ChromeDriver 156.0.8078.79 (a21ce95…)".
fn major_in(text: &str) -> Option<u32> {
    text.split_whitespace()
        .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()))
        .and_then(|word| word.split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_browser_and_driver() {
        assert_eq!(major_in("Chromium 156.0.8078.79 built on Debian GNU/Linux 12"), Some(156));
        assert_eq!(major_in("ChromeDriver 156.0.8078.79 (a21ce95c24ce)"), Some(156));
        assert_eq!(major_in("no version"), None);
    }
}
