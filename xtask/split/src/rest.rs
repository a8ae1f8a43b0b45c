//! The rest of a function: a copy that is entered at an exit and ends as the function would have ended.
//!
//! The copy gets all locals and the number of the exit. In front of each place where an exit lies (deeper) there is a
//! block that is skipped on the way there; when the way is made, the number becomes 0 and everything runs as it is
//! written, also the loops around.

use crate::plan::Exit;
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{
    self, BinaryOp, Binop, Block, BrIf, Const, Drop, IfElse, Instr, InstrSeqId, InstrSeqType, LocalGet, LocalSet, Loop,
    Value, Visitor,
};
use walrus::{FunctionBuilder, FunctionId, FunctionKind, InstrLocId, LocalFunction, LocalId, Module, ValType};

/// The locals that a function mentions, in order.
pub fn locals(body: &LocalFunction) -> Vec<LocalId> {
    #[derive(Default)]
    struct Found(BTreeSet<LocalId>);
    impl Visitor<'_> for Found {
        fn visit_local_id(&mut self, id: &LocalId) {
            self.0.insert(*id);
        }
    }
    let mut found = Found::default();
    ir::dfs_in_order(&mut found, body, body.entry_block());
    found.0.into_iter().collect()
}

/// The rest of a function, and which of its locals it takes before the number of the exit.
pub fn rest(module: &mut Module, function: FunctionId, exits: &[Exit]) -> (LocalFunction, Vec<LocalId>) {
    let nothing = FunctionBuilder::new(&mut module.types, &[], &[]).local_func(Vec::new());
    let kind = std::mem::replace(&mut module.funcs.get_mut(function).kind, FunctionKind::Local(nothing));
    let made = of(module, kind.unwrap_local(), exits);
    module.funcs.get_mut(function).kind = kind;
    made
}

fn of(module: &mut Module, body: &LocalFunction, exits: &[Exit]) -> (LocalFunction, Vec<LocalId>) {
    let results = module.types.results(body.ty()).to_vec();
    // What is copied decides which locals are passed, and those decide the type: it is made twice.
    let entry = module.locals.add(ValType::I32);
    let scratch = Copy::make(FunctionBuilder::new(&mut module.types, &[], &results), body, exits, entry);
    let mut passed = locals(&scratch.local_func(Vec::new()));
    passed.retain(|local| *local != entry);
    // By type, so that many functions share one signature.
    passed.sort_by_key(|local| (module.locals.get(*local).ty(), *local));
    let mut params: Vec<ValType> = passed.iter().map(|local| module.locals.get(*local).ty()).collect();
    params.push(ValType::I32);
    let copy = Copy::make(FunctionBuilder::new(&mut module.types, &params, &results), body, exits, entry);
    (copy.local_func(passed.iter().copied().chain([entry]).collect()), passed)
}

struct Copy<'a> {
    new: FunctionBuilder,
    body: &'a LocalFunction,
    exits: &'a [Exit],
    entry: LocalId,
    /// For each sequence the first and last exit inside it.
    spans: BTreeMap<InstrSeqId, (usize, usize)>,
    seqs: BTreeMap<InstrSeqId, InstrSeqId>,
}

impl Copy<'_> {
    fn make(new: FunctionBuilder, body: &LocalFunction, exits: &[Exit], entry: LocalId) -> FunctionBuilder {
        let mut copy = Copy { new, body, exits, entry, spans: BTreeMap::new(), seqs: BTreeMap::new() };
        copy.measure(body.entry_block());
        let to = copy.new.func_body_id();
        copy.seqs.insert(body.entry_block(), to);
        copy.fill(body.entry_block(), to, false);
        copy.new
    }

    fn measure(&mut self, seq: InstrSeqId) -> Option<(usize, usize)> {
        let body = self.body;
        let mut span: Option<(usize, usize)> = None;
        let mut add = |more: Option<(usize, usize)>| {
            if let Some((first, last)) = more {
                span = Some((span.map_or(first, |it| it.0.min(first)), span.map_or(last, |it| it.1.max(last))));
            }
        };
        for (instr, _) in &body.block(seq).instrs {
            for seq in crate::segment::inside(instr) {
                add(self.measure(seq));
            }
        }
        add(self.own(seq).map(|(number, _)| (number, number)));
        if let Some(span) = span {
            self.spans.insert(seq, span);
        }
        span
    }

    /// The exit of this very sequence: its number, from 1, and its place.
    fn own(&self, seq: InstrSeqId) -> Option<(usize, usize)> {
        let at = self.exits.iter().position(|exit| exit.seq == seq.index())?;
        Some((at + 1, self.exits[at].start))
    }

    fn span(&self, instr: &Instr) -> Option<(usize, usize)> {
        let spans: Vec<_> = crate::segment::inside(instr).iter().filter_map(|seq| self.spans.get(seq)).collect();
        Some((spans.first()?.0, spans.last()?.1))
    }

    /// Copies a sequence. `looped`: whether it may run again after it was entered.
    fn fill(&mut self, from: InstrSeqId, to: InstrSeqId, looped: bool) {
        let body = self.body;
        let instrs = &body.block(from).instrs;
        let own = self.own(from);
        let mut out: Vec<Instr> = Vec::new();
        for (at, (instr, _)) in instrs.iter().enumerate() {
            let exit = own.filter(|own| own.1 == at).map(|own| own.0);
            let first = self.span(instr).map(|span| span.0).or(exit);
            if let Some(first) = first {
                let arm = match instr {
                    Instr::IfElse(both) if exit.is_none() => Some(self.arm(both)),
                    _ => None,
                };
                // What lies before the very first exit runs in no case, unless a loop leads back to it.
                let is_dead = first == 1 && !looped;
                out = if is_dead { arm.unwrap_or_default() } else { self.guard(out, first, arm) };
            }
            if exit.is_some() {
                out.push(Const { value: Value::I32(0) }.into());
                out.push(LocalSet { local: self.entry }.into());
            }
            let copied = self.instr(instr, looped);
            out.push(copied);
        }
        self.new.instr_seq(to).instrs_mut().extend(out.into_iter().map(|instr| (instr, InstrLocId::default())));
    }

    /// Which arm leads to the exit.
    fn arm(&self, both: &IfElse) -> Vec<Instr> {
        match (self.spans.get(&both.consequent), self.spans.get(&both.alternative)) {
            (Some(yes), Some(_)) => self.compare(yes.1, BinaryOp::I32LeU),
            (yes, _) => vec![Const { value: Value::I32(i32::from(yes.is_some())) }.into()],
        }
    }

    fn compare(&self, number: usize, op: BinaryOp) -> Vec<Instr> {
        vec![
            LocalGet { local: self.entry }.into(),
            Const { value: Value::I32(number as i32) }.into(),
            Binop { op }.into(),
        ]
    }

    /// A block around everything so far, skipped on the way to exit `first` and those behind it.
    fn guard(&mut self, skipped: Vec<Instr>, first: usize, arm: Option<Vec<Instr>>) -> Vec<Instr> {
        let is_arm = arm.is_some();
        let ty = InstrSeqType::Simple(is_arm.then_some(ValType::I32));
        let block = self.new.dangling_instr_seq(ty).id();
        let mut inside = arm.unwrap_or_default();
        inside.extend(self.compare(first, BinaryOp::I32GeU));
        inside.push(BrIf { block }.into());
        if is_arm {
            inside.push(Drop {}.into());
        }
        inside.extend(skipped);
        let inside = inside.into_iter().map(|instr| (instr, InstrLocId::default()));
        self.new.instr_seq(block).instrs_mut().extend(inside);
        vec![Block { seq: block }.into()]
    }

    fn seq(&mut self, from: InstrSeqId, looped: bool) -> InstrSeqId {
        let to = self.new.dangling_instr_seq(self.body.block(from).ty).id();
        self.seqs.insert(from, to);
        self.fill(from, to, looped);
        to
    }

    fn instr(&mut self, instr: &Instr, looped: bool) -> Instr {
        match instr {
            Instr::Block(block) => Block { seq: self.seq(block.seq, looped) }.into(),
            Instr::Loop(block) => Loop { seq: self.seq(block.seq, true) }.into(),
            Instr::IfElse(both) => {
                let consequent = self.seq(both.consequent, looped);
                IfElse { consequent, alternative: self.seq(both.alternative, looped) }.into()
            }
            Instr::Br(br) => ir::Br { block: self.seqs[&br.block] }.into(),
            Instr::BrIf(br) => BrIf { block: self.seqs[&br.block] }.into(),
            Instr::BrTable(table) => ir::BrTable {
                blocks: table.blocks.iter().map(|block| self.seqs[block]).collect(),
                default: self.seqs[&table.default],
            }
            .into(),
            other => other.clone(),
        }
    }
}

/// The sequences of a function by the index of their ids.
pub fn seqs(body: &LocalFunction) -> BTreeMap<usize, InstrSeqId> {
    let mut open = vec![body.entry_block()];
    let mut found = BTreeMap::new();
    while let Some(seq) = open.pop() {
        found.insert(seq.index(), seq);
        open.extend(body.block(seq).instrs.iter().flat_map(|(instr, _)| crate::segment::inside(instr)));
    }
    found
}
