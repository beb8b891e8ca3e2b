//! Deltas as Quill's JSON: `[{"retain": 5}, {"insert": "duck", "attributes": {"bold": true}}, {"delete": 3}]`.

use super::Attributes;
use super::delta::{Delta, Op};
use super::encode::{MAX_ATTRIBUTES, MAX_LEN};
use crate::values::{Any, Error, ErrorKind};
use serde::de::Error as _;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Delta {
    /// The delta that a plain value shows: a list of steps, or Quill's object with a list `ops`. It is brought into
    /// normal form; members that mean nothing are passed over.
    ///
    /// # Errors
    /// `UnknownTag` for what is no step, `OutOfRange` for a length that is not a whole number from 1, `TooLarge` for one
    /// above [`MAX_LEN`] or more than [`MAX_ATTRIBUTES`] attributes of a step.
    pub fn from_any(value: Any) -> Result<Delta, Error> {
        let ops = match value {
            Any::Array(ops) => ops,
            Any::Object(entries) => match entries.into_iter().find(|(key, _)| **key == *"ops") {
                Some((_, Any::Array(ops))) => ops,
                _ => return Err(ErrorKind::UnknownTag.into()),
            },
            _ => return Err(ErrorKind::UnknownTag.into()),
        };
        let mut delta = Delta::new();
        for op in ops {
            delta.push_any(op)?;
        }
        Ok(delta)
    }

    fn push_any(&mut self, op: Any) -> Result<(), Error> {
        let Any::Object(entries) = op else { return Err(ErrorKind::UnknownTag.into()) };
        let mut attributes = Attributes::NONE;
        let mut action = None;
        for (key, value) in entries {
            match (&*key, value) {
                ("attributes", Any::Object(entries)) if entries.len() > MAX_ATTRIBUTES => {
                    return Err(ErrorKind::TooLarge.into());
                }
                ("attributes", Any::Object(entries)) => attributes = entries.into_iter().collect(),
                ("attributes", Any::Null) => {}
                ("insert" | "retain" | "delete", _) if action.is_some() => return Err(ErrorKind::UnknownTag.into()),
                ("insert", value) => action = Some(Action::Insert(value)),
                ("retain", value) => action = Some(Action::Retain(read_len(&value)?)),
                ("delete", value) => action = Some(Action::Delete(read_len(&value)?)),
                ("attributes", _) => return Err(ErrorKind::UnknownTag.into()),
                _ => {}
            }
        }
        match action {
            Some(Action::Insert(Any::String(text))) => self.insert(&text, &attributes.without_nulls()),
            Some(Action::Insert(Any::Null | Any::Undefined)) | None => return Err(ErrorKind::UnknownTag.into()),
            Some(Action::Insert(value)) => self.embed(value, &attributes.without_nulls()),
            Some(Action::Retain(len)) => self.retain(len, &attributes),
            Some(Action::Delete(len)) => self.delete(len),
        }
        Ok(())
    }

    /// The list of steps as a plain value.
    pub fn to_any(&self) -> Any {
        let op_to_any = |op: Op<'_>| {
            let (name, value, attributes) = parts(&op);
            let mut entries = vec![(name.into(), value.to_any())];
            if !attributes.is_empty() {
                entries.push(("attributes".into(), Any::Object(attributes.entries().to_vec())));
            }
            Any::Object(entries)
        };
        Any::Array(self.ops().map(op_to_any).collect())
    }
}

enum Action {
    Insert(Any),
    Retain(u32),
    Delete(u32),
}

fn read_len(value: &Any) -> Result<u32, Error> {
    match value {
        Any::Number(len) if *len >= 1.0 && len.fract() == 0.0 => match *len <= f64::from(MAX_LEN) {
            true => Ok(*len as u32),
            false => Err(ErrorKind::TooLarge.into()),
        },
        Any::Number(_) => Err(ErrorKind::OutOfRange.into()),
        _ => Err(ErrorKind::UnknownTag.into()),
    }
}

/// What a step holds.
enum Member<'a> {
    Len(u32),
    Text(&'a str),
    Value(&'a Any),
}

impl Member<'_> {
    fn to_any(&self) -> Any {
        match self {
            Member::Len(len) => Any::from(*len),
            Member::Text(text) => Any::from(*text),
            Member::Value(value) => (*value).clone(),
        }
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Member::Len(len) => to.serialize_u32(*len),
            Member::Text(text) => to.serialize_str(text),
            Member::Value(value) => value.serialize(to),
        }
    }
}

fn parts<'a>(op: &Op<'a>) -> (&'static str, Member<'a>, &'a Attributes) {
    match *op {
        Op::Retain { len, attributes } => ("retain", Member::Len(len), attributes),
        Op::Delete { len } => ("delete", Member::Len(len), &Attributes::NONE),
        Op::Insert { text, attributes } => ("insert", Member::Text(text), attributes),
        Op::Embed { value, attributes } => ("insert", Member::Value(value), attributes),
    }
}

impl Serialize for Delta {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        struct Step<'a>(Op<'a>);
        impl Serialize for Step<'_> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let (name, value, attributes) = parts(&self.0);
                let mut map = to.serialize_map(None)?;
                map.serialize_entry(name, &value)?;
                if !attributes.is_empty() {
                    map.serialize_entry("attributes", attributes)?;
                }
                map.end()
            }
        }
        let mut list = to.serialize_seq(Some(self.step_count()))?;
        for op in self.ops() {
            list.serialize_element(&Step(op))?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Delta, D::Error> {
        Delta::from_any(Any::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.len()))?;
        for (key, value) in self.entries() {
            map.serialize_entry(&**key, value)?;
        }
        map.end()
    }
}
