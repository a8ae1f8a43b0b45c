//! Turns the folders of `locales/` and `lessons/` into code: a number for every word, a name for every file.

use highwater_words::{Book, LANGUAGES, outline};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// The lesson that is part of the program.
const HOME: &str = "00-home";

fn main() -> Result<(), Box<dyn Error>> {
    let home = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for place in ["build.rs", "locales", "lessons"] {
        println!("cargo::rerun-if-changed={place}");
    }
    // The page fetches the files; native tests have them in the program.
    let inside = env::var("CARGO_CFG_TARGET_ARCH")? != "wasm32";
    if !inside {
        // So that `cargo xtask dist` knows which code needs which data (xtask/split).
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
    let book = highwater_words::read(&home)?;
    fs::write(out.join("keys.rs"), keys(&book))?;
    let mut code = words(&book);
    code.push_str(&lessons(&book));
    let files = book.files();
    let _ = writeln!(code, "/// Files that are part of the program.\npub const INSIDE: &[(&str, &str)] = &[");
    for file in files.iter().filter(|file| inside || file.name.contains(HOME)) {
        let _ = writeln!(code, "    ({:?}, {:?}),", file.name, file.text);
    }
    code.push_str("];\n");
    let home = book.lessons.iter().find(|lesson| lesson.name == HOME).ok_or(format!("lessons/{HOME} is missing"))?;
    let outline = outline(&home.script)?;
    let _ = writeln!(
        code,
        "/// What runs on the first screen, without a need for a parser.\npub const HOME: &str = {outline:?};"
    );
    fs::write(out.join("files.rs"), code)?;
    Ok(())
}

/// A module for every object of the locales, a number for every word: a wrong key does not compile.
fn keys(book: &Book) -> String {
    #[derive(Default)]
    struct Module {
        keys: Vec<(String, usize)>,
        modules: BTreeMap<String, Module>,
    }
    fn print(module: &Module, out: &mut String) {
        for (key, number) in &module.keys {
            let _ = writeln!(out, "pub const {key}: Key = Key({number});");
        }
        for (name, module) in &module.modules {
            let _ = writeln!(out, "pub mod {name} {{ use super::Key;");
            print(module, out);
            out.push_str("}\n");
        }
    }
    let mut root = Module::default();
    for (number, key) in book.keys.iter().enumerate() {
        let mut module = &mut root;
        let (path, name) = key.rsplit_once('.').unwrap_or(("", key));
        for part in path.split('.').filter(|part| !part.is_empty()) {
            module = module.modules.entry(part.to_owned()).or_default();
        }
        module.keys.push((name.to_owned(), number));
    }
    let mut out = String::from("use super::Key;\n");
    print(&root, &mut out);
    out
}

/// The words that are part of the program, and the files of the others.
fn words(book: &Book) -> String {
    let always = book.words.iter().map(|words| &words[..book.always()]).collect::<Vec<_>>();
    let files = (0..book.words.len()).map(|language| book.interface(language).name).collect::<Vec<_>>();
    format!(
        "/// Words that must be there when nothing else is, by language.\n\
         pub const ALWAYS: [[&str; {}]; {}] = {always:?};\n\
         /// How many words a file begins with, before the lessons' titles and leads.\n\
         pub const WORDS: usize = {};\n\
         /// The words' file of every language.\n\
         pub const WORD_FILES: [&str; {}] = {files:?};\n",
        book.always(),
        book.words.len(),
        book.keys.len() - book.always(),
        files.len(),
    )
}

/// Every lesson by name, with the files of its script and its prose.
fn lessons(book: &Book) -> String {
    let mut table = format!(
        "/// Languages, as their files are named.\npub const LANGUAGES: [&str; {}] = {LANGUAGES:?};\n\
         /// The folder of the lessons' files.\npub const LESSONS: &str = {:?};\n\
         /// Every lesson.\npub const SOURCES: [crate::lessons::Source; {}] = [\n",
        LANGUAGES.len(),
        book.lessons_folder(),
        book.lessons.len()
    );
    for (number, lesson) in book.lessons.iter().enumerate() {
        let (name, beats) = (&lesson.name, lesson.beats());
        let (script, prose) = (!lesson.script.is_empty(), lesson.has_prose());
        let _ = writeln!(
            table,
            "    crate::lessons::Source {{ number: {number}, name: {name:?}, beats: {beats}, has_script: {script}, has_prose: {prose} }},"
        );
    }
    table.push_str("];\n");
    table
}
