//! The page's program in two files: what a first visit runs, and the rest (`xtask/split`, `static/later.js`).

use crate::context::Context;
use crate::dist::{fnv1a, move_inline_script};
use crate::setup::{self, Need};
use crate::shell::{self, Result};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Splits the program in `dist`; why that was not possible, when Chromium or its driver are not to be had.
pub fn split(context: &mut Context, dist: &Path) -> Result<Option<String>> {
    let page = Page::find(dist)?;
    let whole = dist.join(&page.wasm);
    tool(context, "strip", &[&whole])?;
    if let Err(why) = setup::ensure(context, &[Need::PageTests, Need::Chromium]) {
        return Ok(Some(format!("without a browser nobody can see what a first visit runs ({why})")));
    }
    let start = Instant::now();
    let rehearsal = context.root.join("target/rehearsal");
    let marks = context.root.join("target/rehearsal.marks");
    let _ = fs::remove_dir_all(&rehearsal);
    copy(dist, &rehearsal).map_err(|error| format!("{}: {error}", rehearsal.display()))?;
    move_inline_script(&rehearsal)?;
    tool(context, "mark", &[&whole, &rehearsal.join(&page.wasm)])?;
    println!("rehearsing a first visit in Chromium (two minutes)");
    let chromium = setup::chromium(context).ok_or("Chromium is missing")?;
    let mut node = context.command("node");
    node.arg("tests/browser/rehearse.mjs").arg(&marks);
    shell::run(node.env("HIGHWATER_DIST", &rehearsal).env("HIGHWATER_CHROMIUM", chromium))?;
    let (first, later) = (dist.join("first.wasm"), dist.join("later.wasm"));
    tool(context, "cut", &[&whole, &marks, &first, &later])?;
    shrink(context, [&first, &later])?;
    let linked = context.target_dir()?.join("wasm32-unknown-unknown/release/highwater-web.wasm");
    tool(context, "share", &[&first, &later, &linked])?;
    page.put(context, dist, &first, &later)?;
    println!("split the program in {}", shell::elapsed(start));
    Ok(None)
}

fn tool(context: &Context, verb: &str, files: &[&Path]) -> Result<()> {
    let mut cargo = context.cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", "highwater-split", "--", verb]).args(files);
    shell::run(&mut cargo)
}

/// What was cut has locals and blocks that nothing needs any more.
fn shrink(context: &Context, parts: [&Path; 2]) -> Result<()> {
    let (level, params) = crate::dist::wasm_opt_options(context)?;
    // The whole was optimised until nothing changed; here once is best.
    let params = params.split(' ').filter(|param| *param != "--converge").collect::<Vec<_>>();
    for part in parts {
        let mut tool = context.command("wasm-opt");
        shell::run(tool.arg(format!("-O{level}")).args(&params).arg(part).arg("-o").arg(part))?;
    }
    Ok(())
}

/// The program's files, by name, as trunk leaves them.
struct Page {
    glue: String,
    wasm: String,
}

impl Page {
    fn find(dist: &Path) -> Result<Page> {
        let fail = |error| format!("cannot read dist: {error}");
        for entry in fs::read_dir(dist).map_err(fail)? {
            let wasm = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
            if let Some(stem) = wasm.strip_suffix("_bg.wasm") {
                return Ok(Page { glue: format!("{stem}.js"), wasm });
            }
        }
        Err("dist has no program".to_owned())
    }

    /// Puts both parts, under names that carry a hash of their content, in the place of the whole.
    fn put(&self, context: &Context, dist: &Path, first: &Path, later: &Path) -> Result<()> {
        let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        let fail = |error| format!("cannot write to dist: {error}");
        let named = |path: &Path, name: &dyn Fn(u64) -> String| {
            let name = name(fnv1a(&fs::read(path)?));
            fs::rename(path, dist.join(&name))?;
            std::io::Result::Ok(name)
        };
        let first = named(first, &|hash| format!("highwater-web-{hash:016x}_bg.wasm")).map_err(fail)?;
        let later = named(later, &|hash| format!("later-{hash:016x}.wasm")).map_err(fail)?;
        let loader = swap(&read(&context.root.join("static/later.js"))?, "./later.wasm", &format!("./{later}"), 1)?;
        let loader_name = format!("later-{:016x}.js", fnv1a(loader.as_bytes()));
        let glue = join(&read(&dist.join(&self.glue))?, &loader_name)?;
        let glue_name = format!("highwater-web-{:016x}.js", fnv1a(glue.as_bytes()));
        let html = read(&dist.join("index.html"))?.replace(&self.wasm, &first).replace(&self.glue, &glue_name);
        // After that of the glue, which `static/crash.js` looks for.
        let preload = format!("<link rel=\"modulepreload\" href=\"./{loader_name}\" crossorigin=\"anonymous\"></head>");
        let html = swap(&html, "</head>", &preload, 1)?;
        fs::remove_file(dist.join(&self.wasm))
            .and_then(|()| fs::remove_file(dist.join(&self.glue)))
            .and_then(|()| fs::write(dist.join(loader_name), loader))
            .and_then(|()| fs::write(dist.join(glue_name), glue))
            .and_then(|()| fs::write(dist.join("index.html"), html))
            .map_err(fail)
    }
}

/// wasm-bindgen's script, with one more import for the program.
fn join(glue: &str, loader: &str) -> Result<String> {
    let glue = swap(glue, "= __wbg_get_imports();", "= later(__wbg_get_imports(), () => wasm);", 2)?;
    Ok(format!("import {{ later }} from \"./{loader}\";\n{glue}"))
}

/// Replaces `from`, which must occur `times`.
fn swap(text: &str, from: &str, to: &str, times: usize) -> Result<String> {
    let found = text.matches(from).count();
    if found == times {
        return Ok(text.replace(from, to));
    }
    Err(format!("`{from}` occurs {found} times instead of {times}: wasm-bindgen or static/later.js has changed"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let place = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &place)?;
        } else {
            fs::copy(&path, place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_imports_get_the_way_to_the_second_part() {
        let glue = "const imports = __wbg_get_imports();\nconst imports = __wbg_get_imports();\n";
        let joined = join(glue, "later-7.js").unwrap_or_default();
        assert!(joined.starts_with("import { later } from \"./later-7.js\";\n"), "{joined}");
        assert_eq!(joined.matches("later(__wbg_get_imports(), () => wasm)").count(), 2);
        assert!(join("const imports = other();", "later-7.js").is_err());
    }
}
