//! Turns the folders of `locales/` and `lessons/` into code.

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let home = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(out.join("locales.rs"), locales(&home)?)?;
    fs::write(out.join("lessons.rs"), lessons(&home.join("lessons")))?;
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
fn lessons(folder: &Path) -> String {
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
        let file = |file: &str| {
            let path = folder.join(&name).join(file);
            if path.is_file() { format!("include_str!({:?})", path.display().to_string()) } else { "\"\"".to_owned() }
        };
        let (script, en, zh_cn) = (file("script.kdl"), file("en.md"), file("zh-CN.md"));
        let _ = writeln!(table, "    Source {{ name: {name:?}, script: {script}, en: {en}, zh_cn: {zh_cn} }},");
    }
    table.push_str("];\n");
    table
}
