use crate::plan::{Plan, Slot};
use crate::{module, names, rest};
use walrus::ir::{Block, Br, Call, CallIndirect, Const, Instr, LocalGet, LocalSet, Return, Value};
use walrus::{
    ConstExpr, FunctionBuilder, FunctionId, FunctionKind, InstrLocId, LocalFunction, LocalId, Module, RefType, Result,
    TableId, ValType,
};

/// The part that is loaded first. `wanted`: the functions that the later part calls.
pub fn first(wasm: &[u8], plan: &Plan, wanted: &[usize]) -> Result<Vec<u8>> {
    let mut module = module::read(wasm)?;
    let functions = module::functions(&module);
    for (name, item) in names::shared(&module) {
        module.exports.add(&name, item);
    }
    for (place, number) in wanted.iter().enumerate() {
        module.exports.add(&names::function(place), functions[*number]);
    }
    let size = plan.slots.len() as u64;
    let table = module.tables.add_local(false, size, Some(size), RefType::FUNCREF);
    module.exports.add(names::TABLE, table);
    let door = Door { ensure: ensure(&mut module), table };
    for (number, id) in functions.iter().enumerate() {
        if !plan.ran[number] {
            let ty = module.funcs.get(*id).ty();
            let stub = stub(&mut module, ty, &door, plan.place(Slot::Whole(number)));
            module.funcs.get_mut(*id).kind = FunctionKind::Local(stub);
        } else if let (Some(exits), Some(slot)) = (plan.exits.get(&number), plan.place(Slot::Rest(number))) {
            let (rest, passed) = rest::rest(&mut module, *id, exits);
            let seqs = rest::seqs(module.funcs.get(*id).kind.unwrap_local());
            let chosen = module.locals.add(ValType::I32);
            let body = module.funcs.get_mut(*id).kind.unwrap_local_mut();
            let inner = body.builder_mut().dangling_instr_seq(ValType::I32).id();
            let entry = body.entry_block();
            let all = std::mem::take(&mut body.block_mut(entry).instrs);
            body.block_mut(inner).instrs = all;
            body.block_mut(inner).instrs.push((Return {}.into(), InstrLocId::default()));
            for (at, exit) in exits.iter().enumerate() {
                let seq = body.block_mut(if exit.seq == entry.index() { inner } else { seqs[&exit.seq] });
                seq.instrs.truncate(exit.start);
                let leave: [Instr; 2] = [Const { value: Value::I32(at as i32 + 1) }.into(), Br { block: inner }.into()];
                seq.instrs.extend(leave.map(|instr| (instr, InstrLocId::default())));
            }
            let mut out: Vec<Instr> = vec![Block { seq: inner }.into(), LocalSet { local: chosen }.into()];
            out.extend(door.pass(rest.ty(), passed.iter().chain([&chosen]), slot));
            body.block_mut(entry).instrs = out.into_iter().map(|instr| (instr, InstrLocId::default())).collect();
        }
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// The way to the later part.
struct Door {
    ensure: FunctionId,
    table: TableId,
}

impl Door {
    fn pass<'a>(&self, ty: walrus::TypeId, args: impl Iterator<Item = &'a LocalId>, slot: usize) -> Vec<Instr> {
        let mut out: Vec<Instr> = vec![Call { func: self.ensure }.into()];
        out.extend(args.map(|local| Instr::from(LocalGet { local: *local })));
        out.push(Const { value: Value::I32(slot as i32) }.into());
        out.push(CallIndirect { ty, table: self.table }.into());
        out
    }
}

/// The function that has the later part loaded unless it is there.
fn ensure(module: &mut Module) -> FunctionId {
    let nothing = module.types.add(&[], &[]);
    let (load, _) = module.add_import_func("later", "load", nothing);
    let is_there = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
    let mut ensure = FunctionBuilder::new(&mut module.types, &[], &[]);
    ensure.func_body().global_get(is_there).if_else(
        None,
        |_| {},
        |missing| {
            missing.call(load).i32_const(1).global_set(is_there);
        },
    );
    ensure.finish(Vec::new(), &mut module.funcs)
}

/// What stands for a function that did not run; without a slot nobody asks for it.
fn stub(module: &mut Module, ty: walrus::TypeId, door: &Door, slot: Option<usize>) -> LocalFunction {
    let (params, results) = module.types.params_results(ty);
    let (params, results) = (params.to_vec(), results.to_vec());
    let args: Vec<LocalId> = params.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut stub = FunctionBuilder::new(&mut module.types, &params, &results);
    let mut body = stub.func_body();
    match slot {
        Some(slot) => door.pass(ty, args.iter(), slot).into_iter().for_each(|instr| {
            body.instr(instr);
        }),
        None => {
            body.unreachable();
        }
    }
    stub.local_func(args)
}
