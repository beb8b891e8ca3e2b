//! `Any`: a value of the kind that JavaScript programs put into shared types.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A plain value inside a shared type (lib0's `any`).
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Any {
    /// JavaScript's `undefined`.
    #[default]
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as JavaScript has them.
    Number(f64),
    /// A JavaScript `BigInt` of 64 bits.
    BigInt(i64),
    /// Text.
    String(Box<str>),
    /// A `Uint8Array`.
    Bytes(Box<[u8]>),
    /// A list.
    Array(Vec<Any>),
    /// An object; the keys keep their order.
    Object(Vec<(Box<str>, Any)>),
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Any::Undefined | Any::Null => to.serialize_unit(),
            Any::Bool(value) => to.serialize_bool(*value),
            Any::Number(value) if value.fract() == 0.0 && value.abs() < EXACT => to.serialize_i64(*value as i64),
            Any::Number(value) => to.serialize_f64(*value),
            Any::BigInt(value) => to.serialize_i64(*value),
            Any::String(value) => to.serialize_str(value),
            // As JSON.stringify writes a Uint8Array.
            Any::Bytes(value) => to.collect_map(value.iter().enumerate()),
            Any::Array(values) => {
                let mut list = to.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Any::Object(entries) => {
                let mut map = to.serialize_map(None)?;
                for (key, value) in entries.iter().filter(|(_, value)| *value != Any::Undefined) {
                    map.serialize_entry(&**key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Any, D::Error> {
        struct AnyVisitor;
        impl<'de> Visitor<'de> for AnyVisitor {
            type Value = Any;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
                Ok(Any::Number(value as f64))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(Any::Number(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
                Ok(Any::Number(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Any, E> {
                Ok(Any::String(value.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Any, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Any::Array(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut entries: Vec<(Box<str>, Any)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Any::Object(entries))
            }
        }
        from.deserialize_any(AnyVisitor)
    }
}

impl From<bool> for Any {
    fn from(value: bool) -> Self {
        Any::Bool(value)
    }
}

impl From<f64> for Any {
    fn from(value: f64) -> Self {
        Any::Number(value)
    }
}

impl From<i32> for Any {
    fn from(value: i32) -> Self {
        Any::Number(value.into())
    }
}

impl From<u32> for Any {
    fn from(value: u32) -> Self {
        Any::Number(value.into())
    }
}

impl From<Vec<u8>> for Any {
    fn from(value: Vec<u8>) -> Self {
        Any::Bytes(value.into())
    }
}

impl From<Vec<Any>> for Any {
    fn from(value: Vec<Any>) -> Self {
        Any::Array(value)
    }
}

impl From<&str> for Any {
    fn from(value: &str) -> Self {
        Any::String(value.into())
    }
}

impl From<String> for Any {
    fn from(value: String) -> Self {
        Any::String(value.into())
    }
}
