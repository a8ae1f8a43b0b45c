//! Values in sentences.

/// The sentence with `{name}` replaced by its value. What is not given stays as written, so that it is seen.
pub fn say(sentence: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(sentence.len() + 16);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let known =
            after.split_once('}').and_then(|(name, tail)| Some((values.iter().find(|(key, _)| *key == name)?.1, tail)));
        match known {
            Some((value, tail)) => {
                let _ = write!(out, "{value}");
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_place_of_their_names_in_any_order() {
        assert_eq!(say("{b} of {a}, {c}", &[("a", &3), ("b", &"two")]), "two of 3, {c}");
        assert_eq!(say("{}{", &[]), "{}{");
    }
}
