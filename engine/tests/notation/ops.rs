//! The ops of the conformance cases, carried out on a document.

use super::Json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::types::{Attributes, DeltaEdit};
use merganser::{Any, Doc, Error, ErrorKind, Prelim, Transaction, Value};

/// The type at the path of an op, if the path leads to one.
pub fn find(doc: &Doc, path: &Json) -> Option<Value> {
    let mut steps = path.as_array().unwrap().iter();
    let root = steps.next().unwrap().as_str().unwrap();
    let root = doc.roots().find(|(name, _)| *name == root).and_then(|(_, value)| value);
    let found = steps.try_fold(root.expect("the root was defined"), |at, step| match (&at, step) {
        (Value::Array(of), Json::Number(index)) => of.get(doc, index.as_u64()? as u32),
        (Value::XmlElement(of), Json::Number(index)) => of.get(doc, index.as_u64()? as u32),
        (Value::XmlFragment(of), Json::Number(index)) => of.get(doc, index.as_u64()? as u32),
        (Value::Map(of), Json::String(key)) => of.get(doc, key),
        (Value::XmlHook(of), Json::String(key)) => of.get(doc, key),
        _ => None,
    });
    found.filter(|value| !matches!(value, Value::Any(_) | Value::Subdoc(_)))
}

/// A plain value out of its notation.
pub fn plain(value: &Json) -> Any {
    match value {
        Json::Null => Any::Null,
        Json::Bool(value) => Any::Bool(*value),
        Json::Number(value) => Any::Number(value.as_f64().unwrap()),
        Json::String(value) => Any::String(value.as_str().into()),
        Json::Array(values) => Any::Array(values.iter().map(plain).collect()),
        Json::Object(entries) => match entries.get("$").and_then(Json::as_str) {
            Some("undefined") => Any::Undefined,
            Some("f64") => {
                let bits = u64::from_str_radix(value["hex"].as_str().unwrap(), 16).unwrap();
                Any::Number(f64::from_bits(bits))
            }
            Some("bigint") => Any::BigInt(value["v"].as_str().unwrap().parse().unwrap()),
            Some("bytes") => Any::Bytes(STANDARD.decode(value["b64"].as_str().unwrap()).unwrap().into()),
            _ => Any::Object(entries.iter().map(|(key, value)| (key.as_str().into(), plain(value))).collect()),
        },
    }
}

/// A value, or a type with its contents.
pub fn prelim(value: &Json) -> Prelim {
    let list = |field: &str| value[field].as_array().into_iter().flatten().map(prelim).collect::<Vec<_>>();
    let entries = |field: &str| value[field].as_object().unwrap();
    match (value["$"].as_str(), value["kind"].as_str()) {
        (Some("type"), Some("Array")) => Prelim::Array(list("v")),
        (Some("type"), Some("Map")) => {
            Prelim::Map(entries("v").iter().map(|(key, value)| (key.clone(), prelim(value))).collect())
        }
        (Some("type"), Some("XmlElement")) => Prelim::XmlElement {
            name: value["name"].as_str().unwrap().into(),
            attributes: entries("attrs").iter().map(|(key, value)| (key.clone(), prelim(value))).collect(),
            children: list("children"),
        },
        (Some("type"), Some("XmlHook")) => Prelim::XmlHook {
            name: value["name"].as_str().unwrap().into(),
            entries: entries("v").iter().map(|(key, value)| (key.clone(), prelim(value))).collect(),
        },
        (Some("type"), Some("XmlFragment")) => Prelim::XmlFragment(list("children")),
        (Some("type"), Some("Text")) => match text_of(value) {
            Ok(text) => Prelim::Text(text),
            Err((delta, attributes)) => Prelim::FormattedText { delta, attributes },
        },
        (Some("type"), Some("XmlText")) => match text_of(value) {
            Ok(text) => Prelim::XmlText(text),
            Err((delta, attributes)) => Prelim::FormattedXmlText { delta, attributes },
        },
        (Some("doc"), _) => {
            let mut options = Vec::new();
            if value["gc"] == Json::Bool(false) {
                options.push(("gc".into(), Any::Bool(false)));
            }
            if value["autoLoad"] == Json::Bool(true) {
                options.push(("autoLoad".into(), Any::Bool(true)));
            }
            if let Some(meta) = value.get("meta") {
                options.push(("meta".into(), plain(meta)));
            }
            Prelim::Subdoc { guid: value["guid"].as_str().unwrap().into(), options: Any::Object(options) }
        }
        _ => Prelim::Any(plain(value)),
    }
}

/// Formatted content of a text, and its attributes.
type Formatted = (Vec<DeltaEdit>, Vec<(String, Prelim)>);

/// The content of a text, if it is plain; else as it is formatted.
fn text_of(value: &Json) -> Result<String, Formatted> {
    if let Some(text) = value["text"].as_str() {
        return Ok(text.into());
    }
    let entries = |field: &str| value[field].as_object().into_iter().flatten();
    let attributes = entries("attrs").map(|(key, value)| (key.clone(), prelim(value))).collect();
    Err((value["delta"].as_array().into_iter().flatten().map(change).collect(), attributes))
}

fn attributes(of: &Json) -> Attributes {
    of.as_object().into_iter().flatten().map(|(key, value)| (key.as_str().into(), plain(value))).collect()
}

fn change(of: &Json) -> DeltaEdit {
    let attributes = attributes(&of["attributes"]);
    let len = |of: &Json| of.as_u64().map(|len| len as u32);
    match (len(&of["retain"]), len(&of["delete"])) {
        (Some(len), _) => DeltaEdit::Retain { len, attributes },
        (_, Some(len)) => DeltaEdit::Delete { len },
        _ => DeltaEdit::Insert { insert: prelim(&of["insert"]), attributes },
    }
}

/// Inserts a copy of what lies elsewhere.
fn clone(transaction: &mut Transaction<'_>, op: &Json, into: Value) -> Result<(), Error> {
    let of = find(transaction, &op["from"]).ok_or(Error::from(ErrorKind::WrongType))?;
    let copy = of.to_prelim(transaction)?;
    let at = op["at"].as_u64().unwrap_or(0) as u32;
    match into {
        Value::Map(map) => map.set(transaction, op["key"].as_str().unwrap(), copy),
        Value::XmlHook(map) => map.set(transaction, op["key"].as_str().unwrap(), copy),
        Value::Text(text) => text.insert_embed(transaction, at, copy, &[]),
        Value::XmlText(text) => text.insert_embed(transaction, at, copy, &[]),
        Value::Array(list) => list.insert(transaction, at, vec![copy]),
        Value::XmlFragment(list) => list.insert(transaction, at, vec![copy]),
        Value::XmlElement(list) => list.insert(transaction, at, vec![copy]),
        Value::Any(_) | Value::Subdoc(_) => Err(ErrorKind::WrongType.into()),
    }
}

macro_rules! on_text {
    ($text:ident, $transaction:ident, $op:ident, $at:ident, $len:ident, $key:ident) => {
        match $op["op"].as_str().unwrap() {
            "textInsert" if $op.get("attrs").is_some() => {
                let (text, attributes) = ($op["text"].as_str().unwrap(), attributes(&$op["attrs"]));
                $text.insert_with_attributes($transaction, $at, text, &attributes)
            }
            "textInsert" => $text.insert($transaction, $at, $op["text"].as_str().unwrap()),
            "textEmbed" => $text.insert_embed($transaction, $at, prelim(&$op["value"]), &attributes(&$op["attrs"])),
            "textDelete" => $text.delete($transaction, $at, $len),
            "textFormat" => $text.format($transaction, $at, $len, &attributes(&$op["attrs"])),
            "textDelta" => {
                let delta = $op["delta"].as_array().unwrap().iter().map(change).collect();
                $text.apply_delta($transaction, delta, $op["sanitize"] != false)
            }
            "setAttr" => $text.set_attribute($transaction, $key, prelim(&$op["value"])),
            "removeAttr" => $text.remove_attribute($transaction, $key),
            _ => Err(ErrorKind::WrongType.into()),
        }
    };
}

macro_rules! on_list {
    ($list:ident, $transaction:ident, $op:ident, $at:ident, $len:ident) => {{
        let values = || $op["values"].as_array().unwrap().iter().map(prelim).collect::<Vec<_>>();
        match $op["op"].as_str().unwrap() {
            "insert" => $list.insert($transaction, $at, values()),
            "push" => $list.push($transaction, values()),
            "unshift" => $list.unshift($transaction, values()),
            "delete" => $list.delete($transaction, $at, $len),
            _ => Err(ErrorKind::WrongType.into()),
        }
    }};
}

macro_rules! on_parent {
    ($parent:ident, $transaction:ident, $op:ident, $at:ident, $len:ident) => {
        match $op["op"].as_str().unwrap() {
            "insertAfter" => {
                let child = $op["after"].as_u64().and_then(|at| $parent.get($transaction, at as u32));
                if $op["after"].is_u64() && child.is_none() {
                    return Err(ErrorKind::OutOfRange.into());
                }
                let values = $op["values"].as_array().unwrap().iter().map(prelim).collect();
                $parent.insert_after($transaction, child.as_ref(), values)
            }
            _ => on_list!($parent, $transaction, $op, $at, $len),
        }
    };
}

macro_rules! on_map {
    ($map:ident, $transaction:ident, $op:ident, $key:ident) => {
        match $op["op"].as_str().unwrap() {
            "set" => $map.set($transaction, $key, prelim(&$op["value"])),
            "unset" => $map.delete($transaction, $key),
            "clear" => $map.clear($transaction),
            _ => Err(ErrorKind::WrongType.into()),
        }
    };
}

/// Carries out an op. One that the type at its path has no call for, or whose path leads nowhere, is an error, too.
pub fn carry_out(transaction: &mut Transaction<'_>, op: &Json) -> Result<(), Error> {
    let at = op["at"].as_u64().unwrap_or(0) as u32;
    let len = op["len"].as_u64().unwrap_or(0) as u32;
    let key = op["key"].as_str().unwrap_or_default();
    match find(transaction, &op["path"]) {
        Some(of) if op["op"] == "clone" => clone(transaction, op, of),
        Some(Value::Text(of)) => on_text!(of, transaction, op, at, len, key),
        Some(Value::XmlText(of)) => on_text!(of, transaction, op, at, len, key),
        Some(Value::Array(of)) => on_list!(of, transaction, op, at, len),
        Some(Value::XmlFragment(of)) => on_parent!(of, transaction, op, at, len),
        Some(Value::XmlElement(of)) => match op["op"].as_str().unwrap() {
            "setAttr" => of.set_attribute(transaction, key, prelim(&op["value"])),
            "removeAttr" => of.remove_attribute(transaction, key),
            _ => on_parent!(of, transaction, op, at, len),
        },
        Some(Value::Map(of)) => on_map!(of, transaction, op, key),
        Some(Value::XmlHook(of)) => on_map!(of, transaction, op, key),
        Some(Value::Any(_) | Value::Subdoc(_)) | None => Err(ErrorKind::WrongType.into()),
    }
}
