//! Counting tests from what the runners themselves print.

use std::fmt;

/// Tests that ran, added up over runners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were ignored or skipped.
    pub skipped: u64,
}

impl Totals {
    /// Adds what `line` reports, if it is a summary of libtest, wasm-bindgen-test or node.
    pub fn read(&mut self, line: &str) {
        let line = plain(line);
        if let Some(rest) = line.trim().strip_prefix("test result: ") {
            // test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …
            let words: Vec<&str> = rest.split_whitespace().collect();
            for pair in words.windows(2) {
                if let Ok(count) = pair[0].parse() {
                    self.add(pair[1].trim_end_matches(';'), count);
                }
            }
        } else if let Some(rest) = line.strip_prefix("# ").or(line.strip_prefix("ℹ ")) {
            // "# pass 7" from the TAP reporter, "ℹ pass 7" from the one for terminals
            if let Some((word, count)) = rest.split_once(' ')
                && let Ok(count) = count.parse()
            {
                self.add(word, count);
            }
        }
    }

    /// Adds another runner's tests.
    pub fn merge(&mut self, other: Totals) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    fn add(&mut self, word: &str, count: u64) {
        match word {
            "passed" | "pass" => self.passed += count,
            // node counts a test that ran out of time as cancelled, not failed
            "failed" | "fail" | "cancelled" => self.failed += count,
            "ignored" | "skipped" | "todo" => self.skipped += count,
            _ => {}
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Without the colours a runner may add: `ESC [ … m`.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("\x1b[") {
        text.push_str(&rest[..at]);
        let tail = &rest[at + 2..];
        rest = tail.find('m').map_or("", |end| &tail[end + 1..]);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Totals {
        let mut totals = Totals::default();
        lines.iter().for_each(|line| totals.read(line));
        totals
    }

    #[test]
    fn libtest_and_wasm_bindgen_test() {
        let totals = read(&[
            "test result: \x1b[32mok\x1b[0m. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out; finished in 0.01s",
            "the program prints: 9 passed; 9 failed",
        ]);
        assert_eq!(totals.to_string(), "15 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn node_in_both_reporters() {
        let tap = read(&["# tests 8", "# pass 7", "# fail 1", "# duration_ms 12.5"]);
        let spec = read(&["ℹ tests 8", "ℹ pass 7", "ℹ fail 1", "ℹ duration_ms 12.5"]);
        assert_eq!(tap.to_string(), "7 passed, 1 failed");
        assert_eq!(tap, spec);
    }
}
