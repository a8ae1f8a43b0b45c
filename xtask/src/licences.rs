//! May we use what we depend on? Every crate's SPDX expression against a list.

use crate::context::Context;
use crate::shell::{self, Result};
use std::collections::BTreeMap;

/// Licences of crates that become part of the page or the program.
const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Zlib",
];

/// Additionally fine for crates that only tests use, and that we never hand on.
const ALLOWED_IN_TESTS: [&str; 1] = ["MPL-2.0"];

/// Fails with every crate whose licence is not on the lists.
pub fn check(context: &Context) -> Result<()> {
    let shipped = crates(context, "normal,build")?;
    let all = crates(context, "normal,build,dev")?;
    let mut wrong = String::new();
    for (name, licence) in &all {
        let shipped = shipped.contains_key(name);
        let fine = allows(licence, &|id| ALLOWED.contains(&id) || (!shipped && ALLOWED_IN_TESTS.contains(&id)));
        let licence = if licence.is_empty() { "none" } else { licence };
        match fine {
            Some(true) => {}
            Some(false) => wrong += &format!("\n  {name}: licence {licence}"),
            None => wrong += &format!("\n  {name}: licence not understood: {licence}"),
        }
    }
    if wrong.is_empty() {
        println!("licences of {} crates are fine", all.len());
        return Ok(());
    }
    Err(format!(
        "these crates have a licence that is not on the list in xtask/src/licences.rs:{wrong}\n\
         Use another crate, or add the licence there after reading it."
    ))
}

/// `name version` and licence of each crate that any workspace member reaches.
fn crates(context: &Context, edges: &str) -> Result<BTreeMap<String, String>> {
    // `cargo tree` instead of `cargo metadata`: lines need no JSON parser, and
    // it knows which crates only tests reach.
    let text = shell::output(context.cargo().args([
        "tree",
        "--workspace",
        "--locked",
        "--target=all",
        "--prefix=none",
        "--format={p}\t{l}",
        "--edges",
        edges,
    ]))?;
    Ok(text.lines().filter_map(parse_line).collect())
}

/// `serde v1.0.229 (proc-macro)<tab>MIT OR Apache-2.0 (*)`
fn parse_line(line: &str) -> Option<(String, String)> {
    let (package, licence) = line.split_once('\t')?;
    let mut words = package.split_whitespace();
    let name = format!("{} {}", words.next()?, words.next()?);
    let licence = licence.trim_end_matches(" (*)").trim();
    Some((name, licence.to_owned()))
}

/// Whether an SPDX expression can be met with licences that `ok` accepts;
/// `None` if it is no such expression. The older `/` means `OR`.
fn allows(expression: &str, ok: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().collect::<Vec<_>>();
    words.reverse(); // so that `pop` takes the next one
    let result = any(&mut words, ok)?;
    words.is_empty().then_some(result)
}

fn any(words: &mut Vec<&str>, ok: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut result = every(words, ok)?;
    while words.last() == Some(&"OR") {
        words.pop();
        result |= every(words, ok)?;
    }
    Some(result)
}

fn every(words: &mut Vec<&str>, ok: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut result = one(words, ok)?;
    while words.last() == Some(&"AND") {
        words.pop();
        result &= one(words, ok)?;
    }
    Some(result)
}

fn one(words: &mut Vec<&str>, ok: &dyn Fn(&str) -> bool) -> Option<bool> {
    match words.pop()? {
        "(" => {
            let result = any(words, ok)?;
            (words.pop()? == ")").then_some(result)
        }
        ")" | "AND" | "OR" | "WITH" => None,
        id if words.last() == Some(&"WITH") => {
            words.pop();
            Some(ok(&format!("{id} WITH {}", words.pop()?)))
        }
        id => Some(ok(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> Option<bool> {
        allows(expression, &|id| ALLOWED.contains(&id))
    }

    #[test]
    fn expressions() {
        assert_eq!(allowed("MIT"), Some(true));
        assert_eq!(allowed("MIT/Apache-2.0"), Some(true));
        assert_eq!(allowed("GPL-3.0 OR MIT"), Some(true));
        assert_eq!(allowed("GPL-3.0 AND MIT"), Some(false));
        assert_eq!(allowed("(MIT OR GPL-3.0) AND Unicode-3.0"), Some(true));
        assert_eq!(allowed("MIT OR GPL-3.0 AND LGPL-3.0"), Some(true));
        assert_eq!(allowed("GPL-3.0 WITH LLVM-exception OR MIT"), Some(true), "an exception belongs to its licence");
        assert_eq!(allowed("Apache-2.0 WITH LLVM-exception"), Some(false));
        assert_eq!(allowed("MPL-2.0"), Some(false));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "AND"] {
            assert_eq!(allowed(text), None, "{text:?}");
        }
    }

    #[test]
    fn lines_of_cargo_tree() {
        let line = "serde_derive v1.0.229 (proc-macro)\tMIT OR Apache-2.0 (*)";
        let (name, licence) = parse_line(line).unwrap();
        assert_eq!((name.as_str(), licence.as_str()), ("serde_derive v1.0.229", "MIT OR Apache-2.0"));
    }
}
