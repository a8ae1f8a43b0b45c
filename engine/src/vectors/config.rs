//! The suite about settings: each one that is modelled has Kafka's owner, default, unit and range.

use super::{Outcome, cases};
use crate::config::{ConfigKey, ConfigTable, TABLES};
use serde_json::Value;

pub(super) fn run_config_defaults(json: &Value, outcome: &mut Outcome) {
    let modelled: Vec<(ConfigTable, ConfigKey)> =
        TABLES.iter().flat_map(|table| (table.keys)().into_iter().map(|key| (*table, key))).collect();
    for case in cases(json) {
        let (owner, name) = (case["owner"].as_str().unwrap_or_default(), case["name"].as_str().unwrap_or_default());
        match modelled.iter().find(|(table, key)| table.owner == owner && key.name == name) {
            None => outcome.not_covered += 1,
            Some((table, key)) => {
                outcome.judge(case["id"].as_str().unwrap_or(name), check(table, key, case).err());
            }
        }
    }
}

fn check(table: &ConfigTable, key: &ConfigKey, case: &Value) -> Result<(), String> {
    let default = printed(&case["default"]);
    if key.default != default {
        return Err(format!("default is {:?}, expected {default:?}", key.default));
    }
    if key.unit != case["unit"].as_str().unwrap_or_default() {
        return Err(format!("unit is {:?}, expected {}", key.unit, case["unit"]));
    }
    accepts(table, key, &default)?;
    match &case["valid"] {
        Value::Array(range) => {
            let bound = |index: usize| range.get(index).and_then(Value::as_i64).ok_or("a range without bounds");
            check_range(table, key, (bound(0)?, bound(1)?))
        }
        Value::String(text) => check_text(table, key, text),
        other => Err(format!("valid is neither a range nor text: {other}")),
    }
}

fn check_range(table: &ConfigTable, key: &ConfigKey, (least, most): (i64, i64)) -> Result<(), String> {
    if key.valid != Some((least, most)) {
        return Err(format!("range is {:?}, expected {least}..{most}", key.valid));
    }
    accepts(table, key, &least.to_string())?;
    accepts(table, key, &most.to_string())?;
    refuses(table, key, "nonsense")?;
    refuses(table, key, &(i128::from(least) - 1).to_string())?;
    refuses(table, key, &(i128::from(most) + 1).to_string())
}

fn check_text(table: &ConfigTable, key: &ConfigKey, text: &str) -> Result<(), String> {
    let (rule, optional) = text.strip_suffix(" or unset").map_or((text, false), |rule| (rule, true));
    if optional {
        accepts(table, key, "")?;
    }
    if rule.contains("int32") {
        return check_range(table, key, (i64::from(i32::MIN), i64::from(i32::MAX)));
    }
    if rule.contains("int64") {
        return check_range(table, key, (i64::MIN, i64::MAX));
    }
    let words: Vec<&str> = match rule.split_once("of: ") {
        Some((_, words)) => words.split(';').next().unwrap_or_default().split(", ").map(word).collect(),
        None if rule == "true or false" => vec!["true", "false"],
        None => return Ok(()),
    };
    // A word such as `by_duration:<…>` stands for a whole family and has no example here.
    for word in words.iter().filter(|word| !word.contains('<')) {
        accepts(table, key, word)?;
    }
    refuses(table, key, "nonsense")
}

fn word(text: &str) -> &str {
    text.split(" (").next().unwrap_or(text).trim()
}

fn accepts(table: &ConfigTable, key: &ConfigKey, text: &str) -> Result<(), String> {
    (table.try_set)(key.name, text).map(|_| ()).map_err(|error| error.to_string())
}

fn refuses(table: &ConfigTable, key: &ConfigKey, text: &str) -> Result<(), String> {
    match (table.try_set)(key.name, text) {
        Ok(_) => Err(format!("\"{text}\" was accepted")),
        Err(_) => Ok(()),
    }
}

/// As Kafka prints it: a list with commas, unset as nothing.
fn printed(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(printed).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
