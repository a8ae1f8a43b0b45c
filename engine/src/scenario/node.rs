//! A line of a scenario with what stands in its braces: from KDL, or from an outline that was made of KDL before.
//!
//! An outline is for a page that carries no parser: a line of text for each node, fields between tabs. The first field
//! is how deep it lies, the next on which line, from 0, it was; then its name, then its entries: `=value` or `name=value`.

use kdl::{KdlNode, KdlValue};

/// A node, all values as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    pub name: String,
    /// Where it begins, in bytes from the text's start; of an outline in lines.
    pub offset: usize,
    /// Arguments, which have no name, and properties, in their order.
    pub entries: Vec<(Option<String>, String)>,
    pub children: Vec<Node>,
}

impl Node {
    /// What the parser found.
    pub fn of(node: &KdlNode) -> Node {
        let entry = |entry: &kdl::KdlEntry| (entry.name().map(|name| name.value().to_owned()), text_of(entry.value()));
        let children = node.children().map_or(&[][..], |children| children.nodes());
        Node {
            name: node.name().value().to_owned(),
            offset: node.span().offset(),
            entries: node.entries().iter().map(entry).collect(),
            children: children.iter().map(Node::of).collect(),
        }
    }

    /// The nodes of an outline. A line that is none is left out.
    pub fn outlined(outline: &str) -> Vec<Node> {
        let mut open: Vec<Node> = Vec::new();
        let mut done = Vec::new();
        for line in outline.lines() {
            let mut fields = line.split('\t');
            let depth = fields.next().and_then(|depth| depth.parse().ok());
            let line = fields.next().and_then(|line| line.parse().ok());
            let (Some(depth), Some(offset), Some(name)) = (depth, line, fields.next()) else { continue };
            close(&mut open, &mut done, depth);
            let entry = |field: &str| {
                let (name, value) = field.split_once('=')?;
                Some(((!name.is_empty()).then(|| name.to_owned()), value.to_owned()))
            };
            let entries = fields.filter_map(entry).collect();
            open.push(Node { name: name.to_owned(), offset, entries, children: Vec::new() });
        }
        close(&mut open, &mut done, 0);
        done
    }
}

/// Closes what lies at `depth` or deeper.
fn close(open: &mut Vec<Node>, done: &mut Vec<Node>, depth: usize) {
    while open.len() > depth
        && let Some(node) = open.pop()
    {
        open.last_mut().map_or(&mut *done, |parent| &mut parent.children).push(node);
    }
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
