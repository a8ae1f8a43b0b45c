//! `cargo xtask dist`: the page for any static host, and what it weighs.

use crate::context::Context;
use crate::setup::{self, Need};
use crate::shell::{self, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a first visit may download, in bytes after brotli: everything, and by
/// the end of the file's name. A slow connection pays for each of them.
/// The whole is to come back under 350,000: what the branches and the pictures of each state brought is still to be cut.
const BUDGETS: [(&str, u64); 3] = [("", 370_000), (".js", 15_000), (".css", 30_000)];

/// What the program's second part may weigh after brotli.
const LATER_BUDGET: u64 = 1_020_000;

/// Files that a first visit only fetches after the page is there.
const LATER: [&str; 1] = ["sw.js"];

/// Whether a file is the program's second part.
fn is_second_part(name: &str) -> bool {
    name.starts_with("later-") && name.ends_with(".wasm")
}

/// Builds `dist/`, prints its sizes and fails above a budget.
pub fn dist(context: &mut Context) -> Result<()> {
    setup::ensure(context, &[Need::WasmTarget, Need::WasmOpt, Need::WasmBindgen, Need::Trunk])?;
    setup::fetch_crates(context)?;
    println!("building the released page (some minutes: it is optimised as a whole)");
    let start = Instant::now();
    let mut trunk = context.command("trunk");
    shell::run(trunk.args(["build", "--release", "--locked", "--offline"]))?;
    println!("built dist/ in {}", shell::elapsed(start));
    let dist = context.root.join("dist");
    let whole = crate::split::split(context, &dist)?;
    if let Some(why) = &whole {
        println!("the program stays in one file: {why}");
    }
    move_inline_script(&dist)?;
    write_policy(&dist)?;
    weigh(context, &dist).map_err(|heavy| match whole {
        Some(why) => format!("{heavy}\nThe program is in one file: {why}"),
        None => heavy,
    })
}

/// How the page's wasm is optimised, as `index.html` tells trunk: the level, and further options.
pub fn wasm_opt_options(context: &Context) -> Result<(String, String)> {
    let html =
        fs::read_to_string(context.root.join("web/index.html")).map_err(|error| format!("web/index.html: {error}"))?;
    let value = |name: &str| html.split(&format!("{name}=\"")).nth(1)?.split('"').next().map(str::to_owned);
    let both = value("data-wasm-opt").zip(value("data-wasm-opt-params"));
    both.ok_or("web/index.html has no data-wasm-opt and data-wasm-opt-params".into())
}

/// Moves trunk's inline start script into a file, so that the page runs under a
/// policy of `script-src 'self' 'wasm-unsafe-eval'`, without a hash to keep up.
pub fn move_inline_script(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index).map_err(|error| format!("dist/index.html: {error}"))?;
    let Some((before, script, after)) = split_inline_module(&html) else {
        return Ok(());
    };
    let name = format!("start-{:016x}.js", fnv1a(script.as_bytes()));
    let tag = format!("<script type=\"module\" src=\"./{name}\"></script>");
    fs::write(dist.join(&name), script.trim_start())
        .and_then(|()| fs::write(&index, format!("{before}{tag}{after}")))
        .map_err(|error| format!("cannot write to dist: {error}"))
}

/// What the page may load: itself. A host may say so too; opened from a folder or in a frame there is none to say it.
/// WebAssembly needs 'wasm-unsafe-eval', style attributes 'unsafe-inline'.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'none'";

/// Puts the policy at the head of the page, before anything is loaded.
fn write_policy(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index).map_err(|error| format!("dist/index.html: {error}"))?;
    let Some(html) = with_policy(&html) else { return Err("dist/index.html has no <head>".to_owned()) };
    fs::write(&index, html).map_err(|error| format!("cannot write to dist: {error}"))
}

fn with_policy(html: &str) -> Option<String> {
    let end = html.find("<head>")? + "<head>".len();
    let (before, after) = html.split_at(end);
    Some(format!("{before}\n  <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">{after}"))
}

/// The text before, inside and after the first module script without `src`.
fn split_inline_module(html: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + html[from..].find("<script")?;
        let open_end = start + html[start..].find('>')? + 1;
        let close = open_end + html[open_end..].find("</script>")?;
        let tag = &html[start..open_end];
        if tag.contains("type=\"module\"") && !tag.contains("src=") {
            let after = &html[close + "</script>".len()..];
            return Some((&html[..start], &html[open_end..close], after));
        }
        from = close;
    }
}

/// The FNV-1a hash: only a name that changes with the content.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

struct Weight {
    name: String,
    raw: u64,
    brotli: u64,
    first: bool,
}

fn weigh(context: &Context, dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    list(dist, dist, &mut files).map_err(|error| format!("cannot read dist: {error}"))?;
    files.sort();
    let first = first_visit(&files, |name| {
        fs::read(dist.join(name)).map_or(String::new(), |it| String::from_utf8_lossy(&it).into_owned())
    });
    let paths = files.iter().map(|name| dist.join(name)).collect::<Vec<_>>();
    let sizes = brotli_sizes(context, &paths)?;
    let mut weights = Vec::new();
    for (name, (raw, brotli)) in files.into_iter().zip(sizes) {
        let first = first.contains(&name);
        weights.push(Weight { name, raw, brotli, first });
    }
    println!("\n{:>12} {:>12}", "bytes", "brotli");
    for weight in &weights {
        let later = if weight.first { "" } else { "  (later)" };
        println!("{:>12} {:>12}  {}{later}", weight.raw, weight.brotli, weight.name);
    }
    let mut over = Vec::new();
    for (ending, budget) in BUDGETS {
        let counted = weights.iter().filter(|it| it.first && it.name.ends_with(ending));
        let (raw, brotli) = counted.fold((0, 0), |sum, it| (sum.0 + it.raw, sum.1 + it.brotli));
        let what = if ending.is_empty() { "first visit" } else { ending };
        println!("{raw:>12} {brotli:>12}  = {what}, at most {budget} after brotli");
        if brotli > budget {
            over.push(format!("{what}: {brotli} bytes instead of {budget}"));
        }
    }
    for part in weights.iter().filter(|it| is_second_part(&it.name) && it.brotli > LATER_BUDGET) {
        over.push(format!("{}: {} bytes instead of {LATER_BUDGET}", part.name, part.brotli));
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "the page is too heavy after brotli: {}.\n\
             Find what grew (the list above), or change BUDGETS in xtask/src/dist.rs on purpose.",
            over.join(", ")
        ))
    }
}

/// What the first visit downloads: index.html and whatever it, or a script or
/// style it loads, mentions by name; and the words of one language, which the
/// program asks for. Other pages, the program's second part and [`LATER`] do not count.
fn first_visit(files: &[String], read: impl Fn(&str) -> String) -> BTreeSet<String> {
    let mut found = BTreeSet::from(["index.html".to_owned()]);
    // A page is read in one language; the file of the last one stands for any.
    found.extend(files.iter().rfind(|file| file.starts_with("words.")).cloned());
    let mut open = vec!["index.html".to_owned()];
    while let Some(name) = open.pop() {
        if ![".html", ".js", ".css"].iter().any(|it| name.ends_with(it)) {
            continue;
        }
        let text = read(&name);
        for file in files {
            let base = file.rsplit('/').next().unwrap_or(file);
            let skip = file.ends_with(".html") || LATER.contains(&base) || is_second_part(base);
            if !skip && text.contains(base) && found.insert(file.clone()) {
                open.push(file.clone());
            }
        }
    }
    found
}

/// Names of all files below `dir`, relative to `root`, with `/` between parts.
fn list(root: &Path, dir: &Path, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// Sizes before and after brotli, which node brings along.
fn brotli_sizes(context: &Context, paths: &[PathBuf]) -> Result<Vec<(u64, u64)>> {
    const SCRIPT: &str = "for (const file of process.argv.slice(1)) {
        const bytes = require('fs').readFileSync(file);
        console.log(bytes.length, require('zlib').brotliCompressSync(bytes).length);
    }";
    let text = shell::output(context.command("node").args(["-e", SCRIPT]).args(paths))?;
    let numbers = |line: &str| {
        let (raw, brotli) = line.split_once(' ')?;
        Some((raw.parse().ok()?, brotli.parse().ok()?))
    };
    text.lines().map(|line| numbers(line).ok_or_else(|| format!("node printed no sizes: {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_inline_module_is_moved() {
        let html = "<script src=\"a.js\"></script><script>theme()</script>\
                    <script type=\"module\" src=\"b.js\"></script>\
                    <script type=\"module\">go()</script><p>";
        let (before, script, after) = split_inline_module(html).unwrap();
        assert!(before.ends_with("src=\"b.js\"></script>"));
        assert_eq!((script, after), ("go()", "<p>"));
        assert_eq!(split_inline_module("<script>theme()</script>"), None);
    }

    #[test]
    fn the_first_visit_follows_names() {
        let files = [
            "app.css",
            "app.js",
            "app_bg.wasm",
            "class.html",
            "index.html",
            "img/logo.svg",
            "later-1.wasm",
            "sw.js",
            "words.en.txt",
            "words.zh.txt",
            "x.md",
        ];
        let first = first_visit(&files.map(String::from), |name| {
            let text = match name {
                "index.html" => "app.css app.js class.html sw.js",
                "app.js" => "'app_bg.wasm' 'later-1.wasm'",
                "app.css" => "url(img/logo.svg)",
                _ => "",
            };
            text.to_owned()
        });
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        assert_eq!(first, ["app.css", "app.js", "app_bg.wasm", "img/logo.svg", "index.html", "words.zh.txt"]);
    }

    #[test]
    fn the_policy_stands_before_everything_that_is_loaded() {
        let html = with_policy("<html><head><link href=\"a.css\"></head></html>").unwrap_or_default();
        let policy = html.find("Content-Security-Policy").unwrap_or(usize::MAX);
        assert!(policy < html.find("a.css").unwrap_or(0), "{html}");
        assert!(html.contains("script-src 'self' 'wasm-unsafe-eval'"));
        assert_eq!(with_policy("no head"), None);
    }
}
