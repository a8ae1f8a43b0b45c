use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use walrus::Result;
use wasmparser::{
    DataKind, KnownCustom, Linking, Operator, Parser, Payload, RelocationEntry, RelocationType, SymbolInfo,
};

/// What lies in the program's memory at its start: constants, tables of functions, texts; and what names what.
///
/// The linker knows (`--emit-relocs`): where each object begins and ends, and for each number in code or data that is an
/// address, of which object. What it does not speak of is nobody's, and stays where it is.
pub struct Objects {
    places: Vec<Range<u32>>,
    /// What an object names.
    names: Vec<BTreeSet<usize>>,
    /// What a number in the code is the address of. It may lie outside of the object: an end, or a table that is not
    /// read from its beginning.
    meanings: BTreeMap<u32, BTreeSet<usize>>,
    /// All of it.
    span: Range<u32>,
}

/// How far beyond an address an instruction's own offset may reach: wasm-opt moves smaller numbers into it
/// (`--low-memory-unused`).
const REACH: u32 = 1_024;

impl Objects {
    /// What the linker has said in a module, before anything was done to it.
    pub fn read(linked: &[u8]) -> Result<Objects> {
        let mut segments: Vec<(u32, Range<usize>)> = Vec::new();
        let (mut data_start, mut sections, mut data_section) = (0, 0, None);
        let mut symbols: Vec<Option<usize>> = Vec::new();
        let mut places: Vec<Range<u32>> = Vec::new();
        let mut relocations: Vec<(u32, Vec<RelocationEntry>)> = Vec::new();
        for payload in Parser::new(0).parse_all(linked) {
            let payload = payload?;
            match &payload {
                Payload::DataSection(section) => {
                    (data_start, data_section) = (section.range().start, Some(sections));
                    for data in section.clone() {
                        let data = data?;
                        let start = match data.kind {
                            DataKind::Active { offset_expr, .. } => match offset_expr.get_operators_reader().read()? {
                                Operator::I32Const { value } => value.cast_unsigned(),
                                _ => fail("a piece of data has no known place")?,
                            },
                            DataKind::Passive => fail("a piece of data has no place")?,
                        };
                        segments.push((start, data.range.end - data.data.len()..data.range.end));
                    }
                }
                Payload::CustomSection(custom) => match custom.as_known() {
                    KnownCustom::Linking(linking) => {
                        for part in linking.subsections() {
                            let Linking::SymbolTable(table) = part? else { continue };
                            for symbol in table {
                                symbols.push(match symbol? {
                                    SymbolInfo::Data { symbol: Some(at), .. } => {
                                        let start = segments.get(at.index as usize).map_or(0, |it| it.0) + at.offset;
                                        places.push(start..start + at.size);
                                        Some(places.len() - 1)
                                    }
                                    _ => None,
                                });
                            }
                        }
                    }
                    KnownCustom::Reloc(section) => {
                        let entries = section.entries().into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
                        relocations.push((section.section_index(), entries));
                    }
                    _ => {}
                },
                _ => {}
            }
            if payload.as_section().is_some() {
                sections += 1;
            }
        }
        if symbols.is_empty() || relocations.is_empty() {
            fail("the linker has not said what names what (--emit-relocs)")?;
        }
        let start = segments.iter().map(|it| it.0).min().unwrap_or(0);
        let end = segments.iter().map(|it| it.0 + it.1.len() as u32).max().unwrap_or(0);
        let names = vec![BTreeSet::new(); places.len()];
        let mut objects = Objects { places, names, meanings: BTreeMap::new(), span: start..end };
        for (section, entries) in &relocations {
            for entry in entries.iter().filter(|entry| is_address(entry.ty)) {
                let Some(object) = symbols.get(entry.index as usize).copied().flatten() else { continue };
                if Some(*section) != data_section {
                    let address = i64::from(objects.places[object].start) + entry.addend;
                    objects.meanings.entry(address as u32).or_default().insert(object);
                    continue;
                }
                let place = data_start + entry.offset as usize;
                let Some((start, bytes)) = segments.iter().find(|it| it.1.contains(&place)) else { continue };
                let address = start + (place - bytes.start) as u32;
                for from in objects.at(address..address + 1) {
                    objects.names[from].insert(object);
                }
            }
        }
        Ok(objects)
    }

    /// The objects that lie, wholly or in part, in a place.
    fn at(&self, place: Range<u32>) -> Vec<usize> {
        let meets = |object: &Range<u32>| object.start < place.end && place.start < object.end;
        self.places.iter().enumerate().filter(|(_, object)| meets(object)).map(|(number, _)| number).collect()
    }

    /// What a module does not need: places that belong to an object, and to none that its code can name.
    pub fn not_needed(&self, wasm: &[u8]) -> Result<Vec<Range<u32>>> {
        let mut open: Vec<usize> = Vec::new();
        for number in numbers(wasm)? {
            if !(self.span.start..self.span.end + REACH).contains(&number) {
                continue;
            }
            let known = self.meanings.get(&number);
            open.extend(known.into_iter().flatten());
            // The last byte before it as well: it may be an end.
            let before = if known.is_some() { 1 } else { REACH };
            open.extend(self.at(number.saturating_sub(before)..number + 1));
        }
        let mut needed = BTreeSet::new();
        while let Some(object) = open.pop() {
            if needed.insert(object) {
                open.extend(&self.names[object]);
            }
        }
        let size = (self.span.end - self.span.start) as usize;
        let (mut owned, mut kept) = (vec![false; size], vec![false; size]);
        for (number, place) in self.places.iter().enumerate() {
            for address in place.clone().filter(|it| self.span.contains(it)) {
                let at = (address - self.span.start) as usize;
                owned[at] = true;
                kept[at] |= needed.contains(&number);
            }
        }
        let mut free: Vec<Range<u32>> = Vec::new();
        for (address, _) in
            self.span.clone().zip(owned.iter().zip(&kept)).filter(|(_, (owned, kept))| **owned && !**kept)
        {
            match free.last_mut() {
                Some(last) if last.end == address => last.end += 1,
                _ => free.push(address..address + 1),
            }
        }
        Ok(free)
    }
}

fn fail<T>(why: &str) -> Result<T> {
    Err(std::io::Error::other(why).into())
}

fn is_address(ty: RelocationType) -> bool {
    matches!(ty, RelocationType::MemoryAddrLeb | RelocationType::MemoryAddrSleb | RelocationType::MemoryAddrI32)
}

/// Every number of a module's code and globals that may be an address.
fn numbers(wasm: &[u8]) -> Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    let mut see = |operator: &Operator<'_>| {
        macro_rules! offsets {
            ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
                #[expect(unreachable_patterns, reason = "the list has this one too")]
                match operator {
                    Operator::I32Const { value } => { found.insert(value.cast_unsigned()); }
                    // Two of them side by side, as an address and a length are stored at once.
                    Operator::I64Const { value } => found.extend([*value as u32, (*value >> 32) as u32]),
                    $( Operator::$op $({ $($arg),* })? => { $( $( offsets!(@see $arg $arg); )* )? } )*
                    _ => {}
                }
            };
            (@see memarg $memarg:ident) => { found.insert($memarg.offset as u32); };
            (@see $other:ident $it:ident) => { let _ = $it; };
        }
        wasmparser::for_each_operator!(offsets);
    };
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    see(&operator?);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    for operator in global?.init_expr.get_operators_reader() {
                        see(&operator?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus::ir::{LoadKind, MemArg};
    use walrus::{FunctionBuilder, Module, ValType};

    /// Three objects in a row, of a hundred bytes each; the first names the second.
    fn row() -> Objects {
        Objects {
            places: vec![2_000..2_100, 2_100..2_200, 2_200..2_300],
            names: vec![BTreeSet::from([1]), BTreeSet::new(), BTreeSet::new()],
            meanings: BTreeMap::from([(2_000, BTreeSet::from([0])), (2_100, BTreeSet::from([1]))]),
            span: 1_000..2_400,
        }
    }

    /// A program that reads from `base` with an offset.
    fn reading(base: i32, offset: u64) -> Vec<u8> {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[ValType::I32]);
        let kind = LoadKind::I32 { atomic: false };
        function.func_body().i32_const(base).load(memory, kind, MemArg { align: 4, offset });
        let function = function.finish(Vec::new(), &mut module.funcs);
        module.exports.add("read", function);
        module.emit_wasm()
    }

    /// What such a program does not need: where it begins and ends.
    fn free(objects: &Objects, base: i32, offset: u64) -> Vec<(u32, u32)> {
        let free = objects.not_needed(&reading(base, offset)).unwrap();
        free.iter().map(|place| (place.start, place.end)).collect()
    }

    #[test]
    fn what_code_names_stays_with_all_that_this_names() {
        assert_eq!(free(&row(), 2_000, 0), [(2_200, 2_300)]);
    }

    #[test]
    fn what_nobody_names_is_free_and_what_the_linker_does_not_know_is_not() {
        assert_eq!(free(&row(), 7, 0), [(2_000, 2_300)]);
    }

    #[test]
    fn an_end_is_an_address_too() {
        // Where the second begins the first ends: the number may mean either.
        assert_eq!(free(&row(), 2_100, 0), [(2_200, 2_300)]);
        assert_eq!(free(&row(), 2_300, 0), []);
    }

    #[test]
    fn an_offset_of_an_instruction_is_an_address() {
        assert_eq!(free(&row(), 0, 2_200), []);
    }

    #[test]
    fn an_address_and_a_length_may_be_one_number() {
        let mut module = Module::default();
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[ValType::I64]);
        function.func_body().i64_const(100 << 32 | 2_100);
        let function = function.finish(Vec::new(), &mut module.funcs);
        module.exports.add("both", function);
        let third = 2_200..2_300;
        assert_eq!(row().not_needed(&module.emit_wasm()).unwrap(), [third]);
    }

    #[test]
    fn a_table_may_be_named_from_before_its_beginning() {
        let mut objects = row();
        objects.meanings.insert(1_200, BTreeSet::from([2]));
        assert_eq!(free(&objects, 1_200, 0), [(2_000, 2_200)]);
    }
}
