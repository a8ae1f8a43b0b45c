//! `highwater scenario check` and `highwater vectors`.

use crate::arguments::Arguments;
use crate::open::open;
use highwater_engine::scenario::Story;
use highwater_engine::vectors::{Outcome, run_suite};
use serde_json::json;

/// Runs the expectations of scenarios, each on its own seed or on a range of seeds.
pub fn scenario(mut arguments: Arguments) -> Result<bool, String> {
    match arguments.word().as_deref() {
        Some("check") => {}
        _ => return Err("write: highwater scenario check FILE...".to_owned()),
    }
    let seeds = arguments.option("--seeds")?.map(|text| range(&text)).transpose()?;
    let as_json = arguments.flag("--json");
    let mut files = Vec::new();
    while let Some(file) = arguments.word() {
        files.push(file);
    }
    arguments.finish()?;
    if files.is_empty() {
        return Err("scenario check needs at least one file".to_owned());
    }
    let (mut passed, mut failed) = (0u64, 0u64);
    for file in files {
        let Some(scenario) = open(&file) else {
            failed += 1;
            continue;
        };
        for seed in seeds.clone().unwrap_or(scenario.seed..scenario.seed + 1) {
            let story = Story::tell(&scenario, seed).map_err(|error| error.to_string())?;
            if story.failures.is_empty() {
                passed += 1;
            } else {
                failed += 1;
            }
            if as_json {
                let failures: Vec<_> =
                    story.failures.iter().map(|f| json!({"line": f.line, "t": f.at, "message": f.message})).collect();
                println!("{}", json!({"file": file, "seed": seed, "failures": failures}));
            } else {
                for failure in &story.failures {
                    println!("{file}, line {}, seed {seed}: at {}: {}", failure.line, failure.at, failure.message);
                }
            }
        }
    }
    if !as_json {
        println!("scenarios: {passed} passed, {failed} failed");
    }
    Ok(failed == 0)
}

fn range(text: &str) -> Result<std::ops::Range<u64>, String> {
    let parsed = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed.ok_or_else(|| format!("--seeds: \"{text}\" is not a range such as 1..51"))
}

/// Runs every vector file of a folder.
pub fn vectors(mut arguments: Arguments) -> Result<bool, String> {
    let folder = arguments.word().ok_or("vectors needs a folder")?;
    let as_json = arguments.flag("--json");
    arguments.finish()?;
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{folder} cannot be read: {error}"))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut totals = Outcome::default();
    for file in files {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text =
            std::fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let outcome = run_suite(&name, &text);
        for failure in outcome.failures.iter().take(20) {
            eprintln!("{name}: {failure}");
        }
        if as_json {
            let line = json!({
                "suite": name, "passed": outcome.passed, "failed": outcome.failures.len(),
                "not_covered": outcome.not_covered,
            });
            println!("{line}");
        } else if outcome.not_covered > 0 && outcome.passed == 0 {
            println!("{name}: not covered ({} cases)", outcome.not_covered);
        } else {
            println!(
                "{name}: {} passed, {} failed, {} not covered",
                outcome.passed,
                outcome.failures.len(),
                outcome.not_covered
            );
        }
        totals.add(outcome);
    }
    println!("vectors: {} passed, {} failed, {} not covered", totals.passed, totals.failures.len(), totals.not_covered);
    Ok(totals.failures.is_empty())
}
