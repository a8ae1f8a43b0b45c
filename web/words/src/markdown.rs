//! A lesson's Markdown as HTML.

use pulldown_cmark::html::push_html;
use pulldown_cmark::{Event, Parser};
use std::fmt::Write as _;

/// A lesson's prose with HTML for its Markdown. Titles, sections, options and the line before an explanation stay
/// lines of their own: `src/lessons/prose.rs` of the page reads them.
pub fn render(text: &str) -> String {
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
