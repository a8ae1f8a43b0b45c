use crate::cut::Cut;
use crate::module;
use crate::objects::Objects;
use std::ops::Range;
use walrus::ir::Value;
use walrus::{ConstExpr, DataKind, Module, Result};

/// A hole in the data costs as much as these bytes.
const HOLE: u32 = 12;

/// Takes from the first part the data that its code cannot name, and gives it to the later one, which puts it in its
/// place when it comes. `linked`: the module as it came from the linker.
pub fn share(cut: &Cut, linked: &[u8]) -> Result<Cut> {
    let mut free = Objects::read(linked)?.not_needed(&cut.first)?;
    free.retain(|place| place.end - place.start > HOLE);
    let (mut first, mut later) = (module::read(&cut.first)?, module::read(&cut.later)?);
    let mut moved: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut kept: Vec<(u32, Vec<u8>)> = Vec::new();
    for id in first.data.iter().map(|it| it.id()).collect::<Vec<_>>() {
        let data = first.data.get(id);
        let DataKind::Active { offset: ConstExpr::Value(Value::I32(offset)), .. } = data.kind else { continue };
        let start = offset.cast_unsigned();
        let span = start..start + data.value.len() as u32;
        let bytes = |place: Range<u32>| {
            (place.start, data.value[(place.start - start) as usize..(place.end - start) as usize].to_vec())
        };
        let mut at = start;
        for place in &free {
            let place = place.start.clamp(at, span.end)..place.end.clamp(at, span.end);
            if !place.is_empty() {
                kept.push(bytes(at..place.start));
                at = place.end;
                moved.push(bytes(place));
            }
        }
        kept.push(bytes(at..span.end));
        first.data.delete(id);
    }
    put(&mut first, kept);
    put(&mut later, moved);
    Ok(Cut { first: first.emit_wasm(), later: later.emit_wasm() })
}

fn put(module: &mut Module, pieces: Vec<(u32, Vec<u8>)>) {
    let Some(memory) = module.memories.iter().next().map(|it| it.id()) else { return };
    for (start, bytes) in pieces.into_iter().filter(|piece| !piece.1.is_empty()) {
        let offset = ConstExpr::Value(Value::I32(start.cast_signed()));
        let id = module.data.add(DataKind::Active { memory, offset }, bytes);
        module.memories.get_mut(memory).data_segments.insert(id);
    }
}
