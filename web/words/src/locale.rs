//! The interface's words: `locales/<language>/<namespace>.json`, objects of objects of strings.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The languages, as folders of `locales/` and as tags of documents.
pub const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

/// The namespace of words that are part of the program: they must be there when nothing else is.
pub const ALWAYS: &str = "always";

/// Keys, and the words of every language in their order.
pub fn read(folder: &Path) -> Result<(Vec<String>, Vec<Vec<String>>), String> {
    let all = LANGUAGES.map(|language| language_of(&folder.join(language)));
    let mut tables = Vec::new();
    for table in all {
        tables.push(table?);
    }
    for (here, language) in tables.iter().zip(LANGUAGES) {
        for (there, other) in tables.iter().zip(LANGUAGES) {
            if let Some(key) = there.keys().find(|key| !here.contains_key(*key)) {
                return Err(format!("locales/{language} lacks `{key}`, which locales/{other} has"));
            }
        }
    }
    let mut keys: Vec<String> = tables[0].keys().cloned().collect();
    keys.sort_by_key(|key| !key.starts_with(&format!("{ALWAYS}.")));
    let words = tables.iter().map(|table| keys.iter().map(|key| table[key].clone()).collect()).collect();
    Ok((keys, words))
}

fn language_of(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut table = BTreeMap::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let Some(namespace) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let place = path.display();
        let text = fs::read_to_string(&path).map_err(|error| format!("{place}: {error}"))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("{place}: {error}"))?;
        flatten(namespace, &value, &mut table)
            .map_err(|key| format!("{place}: `{key}` is no text without empty lines"))?;
    }
    Ok(table)
}

fn flatten(key: &str, value: &Value, table: &mut BTreeMap<String, String>) -> Result<(), String> {
    match value {
        // An empty line is what parts two words in the file.
        Value::String(text) if !text.contains("\n\n") => {
            table.insert(key.to_owned(), text.clone());
            Ok(())
        }
        Value::Object(object) => {
            object.iter().try_for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, table))
        }
        _ => Err(key.to_owned()),
    }
}
