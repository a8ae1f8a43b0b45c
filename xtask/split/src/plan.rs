use crate::segment::{Segment, inside};
use crate::{heights, module};
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::InstrSeqId;
use walrus::{ElementItems, ExportItem, FunctionId, LocalFunction, Module, Result};

/// A place where a function of the first part leaves for the other one: nothing from here to the end of the sequence
/// ran in the rehearsal, and no operand waits on the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The index of the sequence's id: ids themselves belong to one reading.
    pub seq: usize,
    /// The place of the first instruction that is left out.
    pub start: usize,
}

/// What fills a place of the table through which the first part calls the other one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Slot {
    /// A function that did not run.
    Whole(usize),
    /// What is left out of a function that ran, to be entered at any of its exits.
    Rest(usize),
}

/// Which code goes where.
pub struct Plan {
    /// For each function whether it ran.
    pub ran: Vec<bool>,
    /// The exits of functions that ran, in the order of their code. Entry 1 is the first.
    pub exits: BTreeMap<usize, Vec<Exit>>,
    /// The table.
    pub slots: Vec<Slot>,
}

impl Plan {
    /// Reads what ran in the rehearsal: a byte for each [`Segment`].
    pub fn new(wasm: &[u8], marks: &[u8]) -> Result<Plan> {
        let module = module::read(wasm)?;
        let functions = module::functions(&module);
        let segments = Segment::all(&module, &functions);
        let mut ran = vec![false; functions.len()];
        let mut cold = BTreeMap::new();
        for (segment, mark) in segments.iter().zip(marks) {
            ran[segment.function] |= *mark != 0;
            if *mark == 0 {
                cold.entry((segment.function, segment.seq)).or_insert(segment.start);
            }
        }
        let empty = heights::empty_places(wasm)?;
        let mut exits = BTreeMap::new();
        for (number, id) in functions.iter().enumerate().filter(|(number, _)| ran[*number]) {
            let body = module.funcs.get(*id).kind.unwrap_local();
            let cold = |seq| cold.get(&(number, seq)).copied();
            let mut found = Vec::new();
            let saved = find_exits(body, body.entry_block(), &cold, &empty, &mut found);
            if is_worth(body, saved) {
                exits.insert(number, found);
            }
        }
        let slots = slots(&module, &functions, &ran, &exits);
        Ok(Plan { ran, exits, slots })
    }

    /// The place of a slot in the table.
    pub fn place(&self, slot: Slot) -> Option<usize> {
        self.slots.iter().position(|it| *it == slot)
    }
}

/// An exit is a number and a branch.
const EXIT_BYTES: u32 = 6;
/// What a function with exits needs once: two blocks, a flag, a call.
const LEAVE_BYTES: u32 = 20;

fn is_worth(body: &LocalFunction, saved: u32) -> bool {
    saved > LEAVE_BYTES + 2 * crate::rest::locals(body).len() as u32
}

fn find_exits(
    body: &LocalFunction,
    seq: InstrSeqId,
    cold: &impl Fn(InstrSeqId) -> Option<usize>,
    empty: &BTreeSet<u32>,
    found: &mut Vec<Exit>,
) -> u32 {
    let instrs = &body.block(seq).instrs;
    let end = cold(seq).unwrap_or(instrs.len());
    let mut saved = 0;
    for (instr, _) in &instrs[..end] {
        for seq in inside(instr) {
            saved += find_exits(body, seq, cold, empty, found);
        }
    }
    let start = (end..instrs.len()).find(|at| empty.contains(&instrs[*at].1.data()));
    let Some(start) = start else { return saved };
    let bytes = body.block(seq).end.data().saturating_sub(instrs[start].1.data());
    if bytes <= EXIT_BYTES + 2 {
        return saved;
    }
    found.push(Exit { seq: seq.index(), start });
    saved + bytes - EXIT_BYTES
}

/// A slot for everything the first part may ask of the other one.
fn slots(module: &Module, functions: &[FunctionId], ran: &[bool], exits: &BTreeMap<usize, Vec<Exit>>) -> Vec<Slot> {
    let number: BTreeMap<FunctionId, usize> = functions.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let mut asked: BTreeSet<FunctionId> = BTreeSet::new();
    for (number, id) in functions.iter().enumerate().filter(|(number, _)| ran[*number]) {
        let _ = number;
        asked.extend(module::mentions(module.funcs.get(*id).kind.unwrap_local()));
    }
    for element in module.elements.iter() {
        if let ElementItems::Functions(items) = &element.items {
            asked.extend(items);
        }
    }
    for export in module.exports.iter() {
        if let ExportItem::Function(id) = export.item {
            asked.insert(id);
        }
    }
    let whole = asked.iter().filter_map(|id| number.get(id)).filter(|number| !ran[**number]);
    let mut whole: Vec<usize> = whole.copied().collect();
    // Neighbours in the table are alike, which compresses well.
    whole.sort_by_key(|number| (module.funcs.get(functions[*number]).ty().index(), *number));
    whole.into_iter().map(Slot::Whole).chain(exits.keys().copied().map(Slot::Rest)).collect()
}
