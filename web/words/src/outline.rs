//! A script as the engine reads it without a parser (`Scenario::outlined`), for the lesson that is part of the program.

use kdl::{KdlDocument, KdlNode, KdlValue};

/// The outline of a script: a line for each node, fields between tabs: depth, line from 0, name, then `=value` or `name=value`.
pub fn outline(script: &str) -> Result<String, String> {
    let document = KdlDocument::parse_v2(script).map_err(|error| error.to_string())?;
    let mut out = String::new();
    document.nodes().iter().try_for_each(|node| print(script, node, 0, &mut out))?;
    Ok(out)
}

fn print(script: &str, node: &KdlNode, depth: usize, out: &mut String) -> Result<(), String> {
    let line = script[..node.span().offset()].matches('\n').count();
    let mut fields = vec![depth.to_string(), line.to_string(), node.name().value().to_owned()];
    for entry in node.entries() {
        let name = entry.name().map_or("", |name| name.value());
        fields.push(format!("{name}={}", text_of(entry.value())));
    }
    if let Some(field) = fields.iter().find(|field| field.contains(['\t', '\n'])) {
        return Err(format!("a tab or a line's end in {field:?} cannot be outlined"));
    }
    out.push_str(&fields.join("\t"));
    out.push('\n');
    let children = node.children().map_or(&[][..], |children| children.nodes());
    children.iter().try_for_each(|child| print(script, child, depth + 1, out))
}

fn text_of(value: &KdlValue) -> String {
    match value {
        KdlValue::String(text) => text.clone(),
        KdlValue::Integer(number) => number.to_string(),
        KdlValue::Float(number) => number.to_string(),
        KdlValue::Bool(value) => value.to_string(),
        KdlValue::Null => String::new(),
    }
}
