use std::collections::BTreeSet;
use walrus::Result;
use wasmparser::{FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures};

/// Where in the file no operand waits on the stack, of no block around either: only there a function can be left and
/// entered again with nothing but its locals.
pub fn empty_places(wasm: &[u8]) -> Result<BTreeSet<u32>> {
    let mut empty = BTreeSet::new();
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in Parser::new(0).parse_all(wasm) {
        let ValidPayload::Func(function, body) = validator.payload(&payload?)? else { continue };
        let mut function = function.into_validator(FuncValidatorAllocations::default());
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader)?;
        let mut reader = wasmparser::OperatorsReader::new(reader);
        while !reader.eof() {
            let place = reader.original_position();
            if function.operand_stack_height() == 0 {
                empty.insert(u32::try_from(place)?);
            }
            function.op(place, &reader.read()?)?;
        }
    }
    Ok(empty)
}
