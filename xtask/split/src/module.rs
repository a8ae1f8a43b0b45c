//! Reading a module the same way each time: two readings of the same bytes give the same ids.

use walrus::ir::{self, Visitor};
use walrus::{FunctionId, LocalFunction, Module, ModuleConfig, Result};

/// A module without names and remarks.
pub fn read(wasm: &[u8]) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(wasm)?;
    let remarks: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in remarks {
        module.customs.delete(id);
    }
    Ok(module)
}

/// The functions with a body, in the order of the file: a function's number is its place here.
pub fn functions(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter_local().map(|(id, _)| id).collect()
}

/// The functions that a function calls or takes the address of.
pub fn mentions(function: &LocalFunction) -> Vec<FunctionId> {
    #[derive(Default)]
    struct Found(Vec<FunctionId>);
    impl Visitor<'_> for Found {
        fn visit_function_id(&mut self, id: &FunctionId) {
            self.0.push(*id);
        }
    }
    let mut found = Found::default();
    ir::dfs_in_order(&mut found, function, function.entry_block());
    found.0
}
