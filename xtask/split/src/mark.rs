use crate::module;
use crate::segment::Segment;
use walrus::ir::{Const, Instr, MemArg, Store, StoreKind, Value};
use walrus::{InstrLocId, Result};

/// The module for the rehearsal: a second memory, exported as `ran`, gets a 1 for each [`Segment`] that runs.
pub fn mark(wasm: &[u8]) -> Result<Vec<u8>> {
    const PAGE: u64 = 65_536;
    let mut module = module::read(wasm)?;
    let functions = module::functions(&module);
    let segments = Segment::all(&module, &functions);
    let pages = (segments.len() as u64).div_ceil(PAGE);
    let memory = module.memories.add_local(false, false, pages, Some(pages), None);
    module.exports.add("ran", memory);
    // From the last to the first, so that places before stay where they are.
    for (number, segment) in segments.iter().enumerate().rev() {
        let tell: [Instr; 3] = [
            Const { value: Value::I32(0) }.into(),
            Const { value: Value::I32(1) }.into(),
            Store { memory, kind: StoreKind::I32_8 { atomic: false }, arg: MemArg { align: 1, offset: number as u64 } }
                .into(),
        ];
        let tell = tell.map(|instr| (instr, InstrLocId::default()));
        let body = module.funcs.get_mut(functions[segment.function]).kind.unwrap_local_mut();
        body.block_mut(segment.seq).instrs.splice(segment.start..segment.start, tell);
    }
    Ok(module.emit_wasm())
}
