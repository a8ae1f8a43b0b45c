use crate::plan::Plan;
use crate::{first, later};
use walrus::Result;

/// A module in two parts.
pub struct Cut {
    /// What is loaded first. It imports the function `later.load`, which has to instantiate the other part.
    pub first: Vec<u8>,
    /// What is loaded when it is needed. It imports the first part's exports as `first`, and fills its table.
    pub later: Vec<u8>,
}

/// Cuts a module by what ran in its rehearsal.
pub fn cut(wasm: &[u8], marks: &[u8]) -> Result<Cut> {
    let plan = Plan::new(wasm, marks)?;
    let (later, wanted) = later::later(wasm, &plan)?;
    let first = first::first(wasm, &plan, &wanted)?;
    Ok(Cut { first, later })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module;
    use crate::segment::Segment;
    use walrus::ir::{BinaryOp, Instr, Value};
    use walrus::{FunctionBuilder, Module, ValType};

    /// Counts down from its argument; at three it would do something that no rehearsal has seen.
    fn countdown() -> Vec<u8> {
        let mut module = Module::default();
        let mut function = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I32]);
        let left = module.locals.add(ValType::I32);
        function.func_body().loop_(None, |turn| {
            let again = turn.id();
            turn.local_get(left).i32_const(3).binop(BinaryOp::I32Eq).if_else(
                None,
                |rare| {
                    for secret in [1_111_111, 2_222_222, 3_333_333, 4_444_444, 5_555_555, 6_666_666, 7_777_777] {
                        rare.i32_const(secret).local_set(left);
                    }
                },
                |_| {},
            );
            turn.local_get(left).i32_const(1).binop(BinaryOp::I32Sub).local_tee(left).br_if(again);
        });
        function.func_body().local_get(left);
        let function = function.finish(vec![left], &mut module.funcs);
        module.exports.add("countdown", function);
        module.emit_wasm()
    }

    fn constants(wasm: &[u8]) -> Vec<i32> {
        let module = module::read(wasm).unwrap();
        let mut found = Vec::new();
        for (_, body) in module.funcs.iter_local() {
            let mut open = vec![body.entry_block()];
            while let Some(seq) = open.pop() {
                for (instr, _) in &body.block(seq).instrs {
                    open.extend(crate::segment::inside(instr));
                    if let Instr::Const(walrus::ir::Const { value: Value::I32(value) }) = instr {
                        found.push(*value);
                    }
                }
            }
        }
        found
    }

    #[test]
    fn what_never_ran_is_in_the_later_part_only() {
        let whole = countdown();
        let read = module::read(&whole).unwrap();
        let functions = module::functions(&read);
        let marks: Vec<u8> = Segment::all(&read, &functions)
            .iter()
            .map(|segment| {
                let seq = read.funcs.get(functions[segment.function]).kind.unwrap_local().block(segment.seq);
                let is_rare = seq.instrs.iter().any(|(instr, _)| {
                    matches!(instr, Instr::Const(walrus::ir::Const { value: Value::I32(1_111_111) }))
                });
                u8::from(!is_rare)
            })
            .collect();
        let cut = cut(&whole, &marks).unwrap();
        assert!(!constants(&cut.first).contains(&1_111_111));
        assert!(constants(&cut.later).contains(&1_111_111));
        // Reading validates; the loop around the exit is in both.
        assert!(constants(&cut.first).contains(&3) && constants(&cut.later).contains(&3));
    }

    #[test]
    fn a_function_that_never_ran_is_called_through_the_table() {
        let whole = countdown();
        let read = module::read(&whole).unwrap();
        let marks = vec![0; Segment::all(&read, &module::functions(&read)).len()];
        let cut = cut(&whole, &marks).unwrap();
        assert!(!constants(&cut.first).contains(&3));
        let first = module::read(&cut.first).unwrap();
        assert!(first.exports.get_func("countdown").is_ok());
        assert!(first.imports.find("later", "load").is_some());
    }
}
