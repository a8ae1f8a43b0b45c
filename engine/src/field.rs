//! The fields of an event or a command as plain values, for code that treats all of them alike. A general format's
//! library can do this too, at thirty times the machine code.

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{self, Impossible, Serialize, Serializer};
use std::fmt;

/// A value with its type forgotten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// Nothing: an empty option.
    None,
    /// Yes or no.
    Flag(bool),
    /// Any number, and any id.
    Number(i64),
    /// Text, and the name of a variant without fields.
    Text(String),
    /// Several values.
    List(Vec<Field>),
    /// Named values: a struct, or the fields of a variant.
    Fields(Vec<(&'static str, Field)>),
}

impl Field {
    /// What a value consists of. A variant with fields is its fields.
    pub fn of(value: &impl Serialize) -> Option<Field> {
        value.serialize(Reader).ok()
    }

    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        match self {
            Field::Fields(fields) => fields.iter().find(|field| field.0 == name).map(|field| &field.1),
            _ => None,
        }
    }

    /// The number, where it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Field::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::None => f.write_str("null"),
            Field::Flag(flag) => flag.fmt(f),
            Field::Number(number) => number.fmt(f),
            Field::Text(text) => f.write_str(text),
            Field::List(items) => items.iter().enumerate().try_for_each(|(index, item)| {
                f.write_str(if index == 0 { "" } else { "," })?;
                item.fmt(f)
            }),
            Field::Fields(fields) => fields.iter().enumerate().try_for_each(|(index, (_, item))| {
                f.write_str(if index == 0 { "" } else { "," })?;
                item.fmt(f)
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        struct Simple;
        impl Visitor<'_> for Simple {
            type Value = Field;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text, true or false")
            }
            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Field, E> {
                Ok(Field::Flag(flag))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Field, E> {
                Ok(Field::Number(number))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Field, E> {
                i64::try_from(number).map(Field::Number).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
                Ok(Field::Text(text.to_owned()))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Field, E> {
                Ok(Field::None)
            }
        }
        deserializer.deserialize_any(Simple)
    }
}

/// A value that is none of the kinds above, as a float, a map, bytes; no event has one. Or a word that is not known.
#[derive(Debug)]
pub struct Strange;

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that is not known here")
    }
}

impl std::error::Error for Strange {}

impl ser::Error for Strange {
    fn custom<T: fmt::Display>(_: T) -> Strange {
        Strange
    }
}

impl de::Error for Strange {
    fn custom<T: fmt::Display>(_: T) -> Strange {
        Strange
    }
}

type Read = Result<Field, Strange>;

struct Reader;

struct Items(Vec<Field>);

struct Named(Vec<(&'static str, Field)>);

impl Serializer for Reader {
    type Ok = Field;
    type Error = Strange;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Impossible<Field, Strange>;
    type SerializeStruct = Named;
    type SerializeStructVariant = Named;

    fn serialize_bool(self, value: bool) -> Read {
        Ok(Field::Flag(value))
    }
    fn serialize_i8(self, value: i8) -> Read {
        self.serialize_i64(value.into())
    }
    fn serialize_i16(self, value: i16) -> Read {
        self.serialize_i64(value.into())
    }
    fn serialize_i32(self, value: i32) -> Read {
        self.serialize_i64(value.into())
    }
    fn serialize_i64(self, value: i64) -> Read {
        Ok(Field::Number(value))
    }
    fn serialize_u8(self, value: u8) -> Read {
        self.serialize_i64(value.into())
    }
    fn serialize_u16(self, value: u16) -> Read {
        self.serialize_i64(value.into())
    }
    fn serialize_u32(self, value: u32) -> Read {
        self.serialize_i64(value.into())
    }
    fn serialize_u64(self, value: u64) -> Read {
        i64::try_from(value).map(Field::Number).map_err(|_| Strange)
    }
    fn serialize_f32(self, _: f32) -> Read {
        Err(Strange)
    }
    fn serialize_f64(self, _: f64) -> Read {
        Err(Strange)
    }
    fn serialize_char(self, value: char) -> Read {
        Ok(Field::Text(value.to_string()))
    }
    fn serialize_str(self, value: &str) -> Read {
        Ok(Field::Text(value.to_owned()))
    }
    fn serialize_bytes(self, _: &[u8]) -> Read {
        Err(Strange)
    }
    fn serialize_none(self) -> Read {
        Ok(Field::None)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Read {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Read {
        Ok(Field::None)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Read {
        Ok(Field::None)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Read {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Read {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Read {
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Strange> {
        Ok(Items(Vec::new()))
    }
    fn serialize_tuple(self, _: usize) -> Result<Items, Strange> {
        Ok(Items(Vec::new()))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Strange> {
        Ok(Items(Vec::new()))
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Items, Strange> {
        Ok(Items(Vec::new()))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Strange> {
        Err(Strange)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Named, Strange> {
        Ok(Named(Vec::new()))
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Named, Strange> {
        Ok(Named(Vec::new()))
    }
}

macro_rules! items {
    ($($kind:ident $add:ident;)*) => {
        $(
            impl ser::$kind for Items {
                type Ok = Field;
                type Error = Strange;
                fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Strange> {
                    self.0.push(value.serialize(Reader)?);
                    Ok(())
                }
                fn end(self) -> Read {
                    Ok(Field::List(self.0))
                }
            }
        )*
    };
}

items! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! named {
    ($($kind:ident;)*) => {
        $(
            impl ser::$kind for Named {
                type Ok = Field;
                type Error = Strange;
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), Strange> {
                    self.0.push((name, value.serialize(Reader)?));
                    Ok(())
                }
                fn end(self) -> Read {
                    Ok(Field::Fields(self.0))
                }
            }
        )*
    };
}

named! {
    SerializeStruct;
    SerializeStructVariant;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, StopKind};
    use crate::ids::{BrokerId, NodeId, TopicId, TopicPartition};

    #[test]
    fn an_event_is_its_fields() {
        let stopped = Field::of(&Event::NodeStopped { node: NodeId(3), how: StopKind::Crash }).unwrap();
        assert_eq!(stopped.get("node"), Some(&Field::Number(3)));
        assert_eq!(stopped.get("how"), Some(&Field::Text("Crash".to_owned())));
        assert_eq!(stopped.get("why"), None);
        let tp = TopicPartition { topic: TopicId(1), partition: 2 };
        let isr = vec![BrokerId(1), BrokerId(2)];
        let changed = Field::of(&Event::IsrChanged { tp, from: Vec::new(), isr }).unwrap();
        assert_eq!(changed.get("isr").unwrap().to_string(), "1,2");
        assert_eq!(changed.get("tp").unwrap().get("partition"), Some(&Field::Number(2)));
    }
}
