//! Relative positions as plain values, with the members that Yjs gives them.

use super::{Anchor, PositionType, RelativePosition};
use crate::values::{Any, ClientId, Clock, Id};

impl RelativePosition {
    /// The position as an object with `type` or `tname`, `item` and `assoc`. The empty name of a root is left out, as
    /// in Yjs. (Yjs: `relativePositionToJSON`)
    pub fn to_json(&self) -> Any {
        let mut members: Vec<(Box<str>, Any)> = Vec::new();
        match self.of() {
            Some(PositionType::Item(id)) => members.push(("type".into(), id_to_json(*id))),
            Some(PositionType::Root(name)) if !name.is_empty() => {
                members.push(("tname".into(), Any::String(name.clone())));
            }
            _ => {}
        }
        members.extend(self.item().map(|id| ("item".into(), id_to_json(id))));
        members.push(("assoc".into(), Any::Number(self.assoc.into())));
        Any::Object(members)
    }

    /// Reads an object that [`to_json`](Self::to_json) or Yjs made; `None` if it names no place.
    /// (Yjs: `createRelativePositionFromJSON`)
    pub fn from_json(json: &Any) -> Option<RelativePosition> {
        let Any::Object(members) = json else { return None };
        let member = |name: &str| {
            let found = members.iter().rev().find(|(key, _)| **key == *name);
            found.map(|(_, value)| value).filter(|value| !matches!(value, Any::Null | Any::Undefined))
        };
        let of = match (member("tname"), member("type")) {
            (Some(Any::String(name)), _) => Some(PositionType::Root(name.clone())),
            (Some(_), _) => return None,
            (None, Some(id)) => Some(PositionType::Item(id_from_json(id)?)),
            (None, None) => None,
        };
        let anchor = match (member("item"), of) {
            (Some(id), of) => Anchor::Unit(id_from_json(id)?, of),
            (None, of) => Anchor::Type(of?),
        };
        let assoc = match member("assoc") {
            Some(Any::Number(assoc)) if is_whole(*assoc) => i32::try_from(*assoc as i64).ok()?,
            Some(_) => return None,
            None => 0,
        };
        Some(RelativePosition { anchor, assoc })
    }
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= ClientId::MAX.value() as f64
}

fn id_to_json(id: Id) -> Any {
    let (client, clock) = (id.client.value() as f64, f64::from(id.clock));
    Any::Object(vec![("client".into(), Any::Number(client)), ("clock".into(), Any::Number(clock))])
}

fn id_from_json(json: &Any) -> Option<Id> {
    let Any::Object(members) = json else { return None };
    let number = |name: &str| match members.iter().rev().find(|(key, _)| **key == *name)? {
        (_, Any::Number(value)) if is_whole(*value) && *value >= 0.0 => Some(*value as u64),
        _ => None,
    };
    Some(Id::new(ClientId::new(number("client")?), Clock::try_from(number("clock")?).ok()?))
}
