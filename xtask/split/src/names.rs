//! How the parts name what they share.

use walrus::{ExportItem, Module};

/// Under which name the later part imports from the first one.
pub const FIRST: &str = "first";
/// The table through which the first part calls the later one.
pub const TABLE: &str = ":later";

/// A short name for the function with this place among the shared ones.
pub fn function(place: usize) -> String {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    format!("{}{}", char::from(LETTERS[place / 64 % 64]), char::from(LETTERS[place % 64]))
}

/// What both parts work on: memories, tables and the globals that change.
pub fn shared(module: &Module) -> Vec<(String, ExportItem)> {
    let memories = module.memories.iter().map(|it| it.id().into());
    let tables = module.tables.iter().map(|it| it.id().into());
    let globals = module.globals.iter().filter(|it| it.mutable).map(|it| it.id().into());
    memories.chain(tables).chain(globals).enumerate().map(|(place, it)| (format!(":{place}"), it)).collect()
}
