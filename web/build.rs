//! Turns the folders of `locales/` and `lessons/` into code.

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;
use pulldown_cmark::html::push_html;
use pulldown_cmark::{Event, Parser};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    let home = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(out.join("locales.rs"), locales(&home)?)?;
    fs::write(out.join("lessons.rs"), lessons(&home.join("lessons"), &out)?)?;
    Ok(())
}

/// The words of both languages. A key that one of them lacks ends the build.
fn locales(home: &Path) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed=locales");
    let config = Config::new("en")?
        .add_locale("zh-CN")?
        .add_namespaces(["stage", "page"])?
        .parse_options(ParseOptions::default().interpolate_display(true));
    let parsed = parse_locales(Some(home.to_owned()), config).map_err(|error| error.to_string())?;
    let warnings: Vec<String> = parsed.diag.warnings().iter().map(ToString::to_string).collect();
    if !warnings.is_empty() {
        return Err(warnings.join("\n").into());
    }
    let code = leptos_i18n_codegen::gen_code(&parsed, None, false, None, false).map_err(|error| error.to_string())?;
    Ok(code.to_string())
}

/// Every lesson's script and prose, so that adding a lesson is adding a folder.
fn lessons(folder: &Path, out: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed=lessons");
    let mut names: Vec<String> = match fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    let mut table = String::from("const SOURCES: &[Source] = &[\n");
    for name in names {
        let script = folder.join(&name).join("script.kdl");
        let script = if script.is_file() { include(&script) } else { "\"\"".to_owned() };
        let prose = |file: &str| {
            let text = fs::read_to_string(folder.join(&name).join(file)).unwrap_or_default();
            let rendered = out.join(format!("{name}.{file}"));
            fs::write(&rendered, render(&text))?;
            io::Result::Ok(include(&rendered))
        };
        let (en, zh_cn) = (prose("en.md")?, prose("zh-CN.md")?);
        let _ = writeln!(table, "    Source {{ name: {name:?}, script: {script}, en: {en}, zh_cn: {zh_cn} }},");
    }
    table.push_str("];\n");
    Ok(table)
}

fn include(path: &Path) -> String {
    format!("include_str!({:?})", path.display().to_string())
}

/// A lesson's prose with HTML for its Markdown. Titles, sections, options and the line before an explanation stay
/// lines of their own: `src/lessons/prose.rs` reads them.
fn render(text: &str) -> String {
    let mut out = String::new();
    let mut body = String::new();
    let flush = |body: &mut String, out: &mut String| out.push_str(&html(&std::mem::take(body)));
    for line in text.lines() {
        let option =
            line.split_once(". ").filter(|(number, _)| number.len() == 1 && number.as_bytes()[0].is_ascii_digit());
        if line.starts_with("# ") || line.trim() == "---" {
            flush(&mut body, &mut out);
            let _ = writeln!(out, "{line}");
        } else if let Some((key, heading)) = line.strip_prefix("## ").map(|it| it.split_once('|').unwrap_or((it, ""))) {
            flush(&mut body, &mut out);
            let _ = writeln!(out, "## {}| {}", key, inline(heading));
        } else if let Some((number, option)) = option {
            flush(&mut body, &mut out);
            let _ = writeln!(out, "{number}. {}", inline(option));
        } else {
            body.push_str(line);
            body.push('\n');
        }
    }
    flush(&mut body, &mut out);
    out
}

/// Markdown as HTML; raw HTML is left out.
fn html(markdown: &str) -> String {
    let events = Parser::new(markdown).filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)));
    let mut out = String::new();
    push_html(&mut out, events);
    out
}

/// Markdown of one line, without a paragraph around it.
fn inline(markdown: &str) -> String {
    html(markdown).trim().trim_start_matches("<p>").trim_end_matches("</p>").to_owned()
}
