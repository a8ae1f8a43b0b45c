//! Markup as text: cheaper for the page than a tree of components, where nothing inside needs a component.

/// Text that may have come from a scenario, made harmless.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// A moment that leads to its step: the panel listens for `data-n`.
pub fn moment(out: &mut String, n: u64, at: &str) {
    out.push_str("<button class=\"at\" data-n=\"");
    out.push_str(&n.to_string());
    out.push_str("\">");
    out.push_str(at);
    out.push_str("</button>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_an_element() {
        assert_eq!(escape("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
