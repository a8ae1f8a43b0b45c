use crate::plan::{Plan, Slot};
use crate::{module, names, rest};
use std::collections::{BTreeMap, BTreeSet};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionId, FunctionKind, GlobalKind, ImportedFunction, Module,
    RefType, Result, ir::Value,
};

/// The part that is loaded later, and the functions of the first one that it calls.
pub fn later(wasm: &[u8], plan: &Plan) -> Result<(Vec<u8>, Vec<usize>)> {
    let mut module = module::read(wasm)?;
    let functions = module::functions(&module);
    share(&mut module);
    strip(&mut module);
    let mut filled = Vec::new();
    let mut made = Vec::new();
    for slot in &plan.slots {
        match slot {
            Slot::Whole(number) => filled.push(functions[*number]),
            Slot::Rest(number) => {
                let (rest, _) = rest::rest(&mut module, functions[*number], &plan.exits[number]);
                let id = module.funcs.add_local(rest);
                filled.push(id);
                made.push(id);
            }
        }
    }
    let cold = functions.iter().enumerate().filter(|(number, _)| !plan.ran[*number]).map(|(_, id)| *id);
    let number: BTreeMap<FunctionId, usize> = functions.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let mut wanted = BTreeSet::new();
    for id in reachable(&module, filled.iter().copied(), &cold.chain(made).collect()) {
        let asked = module::mentions(module.funcs.get(id).kind.unwrap_local());
        wanted.extend(asked.iter().filter_map(|id| number.get(id)).filter(|number| plan.ran[**number]));
    }
    let wanted: Vec<usize> = wanted.into_iter().collect();
    for (place, number) in wanted.iter().enumerate() {
        let id = functions[*number];
        let ty = module.funcs.get(id).ty();
        let import = module.imports.add(names::FIRST, &names::function(place), id);
        module.funcs.get_mut(id).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }
    let size = plan.slots.len() as u64;
    let (table, _) = module.add_import_table(names::FIRST, names::TABLE, false, size, Some(size), RefType::FUNCREF);
    let fill = module
        .elements
        .add(ElementKind::Active { table, offset: ConstExpr::Value(Value::I32(0)) }, ElementItems::Functions(filled));
    module.tables.get_mut(table).elem_segments.insert(fill);
    walrus::passes::gc::run(&mut module);
    Ok((module.emit_wasm(), wanted))
}

/// Functions of `inside` that are reached from `roots`.
fn reachable(
    module: &Module,
    roots: impl Iterator<Item = FunctionId>,
    inside: &BTreeSet<FunctionId>,
) -> Vec<FunctionId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<FunctionId> = roots.collect();
    while let Some(id) = open.pop() {
        if inside.contains(&id) && found.insert(id) {
            open.extend(module::mentions(module.funcs.get(id).kind.unwrap_local()));
        }
    }
    found.into_iter().collect()
}

/// Takes memories, tables and globals from the first part.
fn share(module: &mut Module) {
    for (name, item) in names::shared(module) {
        match item {
            ExportItem::Memory(id) => {
                let import = module.imports.add(names::FIRST, &name, id);
                module.memories.get_mut(id).import = Some(import);
            }
            ExportItem::Table(id) => {
                let import = module.imports.add(names::FIRST, &name, id);
                module.tables.get_mut(id).import = Some(import);
            }
            ExportItem::Global(id) => {
                let import = module.imports.add(names::FIRST, &name, id);
                module.globals.get_mut(id).kind = GlobalKind::Import(import);
            }
            ExportItem::Function(_) | ExportItem::Tag(_) => {}
        }
    }
}

/// Takes away what the first part has done when this one comes.
fn strip(module: &mut Module) {
    module.start = None;
    for memory in module.memories.iter_mut() {
        memory.data_segments.clear();
    }
    for table in module.tables.iter_mut() {
        table.elem_segments.clear();
    }
    for id in module.data.iter().map(|it| it.id()).collect::<Vec<_>>() {
        module.data.delete(id);
    }
    for id in module.elements.iter().map(|it| it.id()).collect::<Vec<_>>() {
        module.elements.delete(id);
    }
    for id in module.exports.iter().map(|it| it.id()).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
}
