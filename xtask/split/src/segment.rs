use walrus::ir::{Instr, InstrSeqId};
use walrus::{FunctionId, Module};

/// Code that runs from its first to its last instruction, unless it traps: between two places where ways part or meet.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// The number of the function.
    pub function: usize,
    /// The sequence in which it lies.
    pub seq: InstrSeqId,
    /// The place of its first instruction there.
    pub start: usize,
}

impl Segment {
    /// All of a module. A segment's number is its place here, and its byte's in the rehearsal's memory.
    pub fn all(module: &Module, functions: &[FunctionId]) -> Vec<Segment> {
        let mut all = Vec::new();
        for (function, id) in functions.iter().enumerate() {
            let body = module.funcs.get(*id).kind.unwrap_local();
            let mut open = vec![body.entry_block()];
            while let Some(seq) = open.pop() {
                let mut starts = true;
                for (start, (instr, _)) in body.block(seq).instrs.iter().enumerate() {
                    if starts {
                        all.push(Segment { function, seq, start });
                    }
                    let inside = inside(instr);
                    starts = !inside.is_empty() || matches!(instr, Instr::BrIf(_));
                    open.extend(inside);
                }
            }
        }
        all
    }
}

/// The sequences inside an instruction.
pub fn inside(instr: &Instr) -> Vec<InstrSeqId> {
    match instr {
        Instr::Block(block) => vec![block.seq],
        Instr::Loop(block) => vec![block.seq],
        Instr::IfElse(both) => vec![both.consequent, both.alternative],
        _ => Vec::new(),
    }
}
