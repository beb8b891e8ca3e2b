//! The ops of the conformance cases, carried out on a document.

use super::Json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::types::{Attributes, DeltaChange};
use merganser::{Any, Prelim, Transaction, Value};

/// The type at the path of an op.
pub fn find(transaction: &Transaction<'_>, path: &Json) -> Value {
    let mut steps = path.as_array().unwrap().iter();
    let root = steps.next().unwrap().as_str().unwrap();
    let root = transaction.roots().find(|(name, _)| *name == root).and_then(|(_, value)| value);
    steps.fold(root.expect("the root was defined"), |at, step| match (&at, step) {
        (Value::Array(of), Json::Number(index)) => of.get(transaction, index.as_u64().unwrap() as u32).unwrap(),
        (Value::XmlElement(of), Json::Number(index)) => of.get(transaction, index.as_u64().unwrap() as u32).unwrap(),
        (Value::XmlFragment(of), Json::Number(index)) => of.get(transaction, index.as_u64().unwrap() as u32).unwrap(),
        (Value::Map(of), Json::String(key)) => of.get(transaction, key).unwrap(),
        (Value::XmlHook(of), Json::String(key)) => of.entries(transaction).find(|(of, _)| of == key).unwrap().1,
        other => panic!("no way leads on: {other:?}"),
    })
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
        (Some("type"), Some("Text")) => Prelim::Text(text_of(&value["delta"])),
        (Some("type"), Some("XmlText")) => Prelim::XmlText(text_of(&value["delta"])),
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

fn text_of(delta: &Json) -> String {
    delta.as_array().into_iter().flatten().map(|op| op["insert"].as_str().unwrap()).collect()
}

fn attributes(of: &Json) -> Attributes {
    of.as_object().into_iter().flatten().map(|(key, value)| (key.as_str().into(), plain(value))).collect()
}

fn change(of: &Json) -> DeltaChange {
    let attributes = attributes(&of["attributes"]);
    let len = |of: &Json| of.as_u64().map(|len| len as u32);
    match (len(&of["retain"]), len(&of["delete"])) {
        (Some(len), _) => DeltaChange::Retain { len, attributes },
        (_, Some(len)) => DeltaChange::Delete { len },
        _ => DeltaChange::Insert { insert: prelim(&of["insert"]), attributes },
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
                $text.apply_delta($transaction, delta, true)
            }
            "setAttr" => $text.set_attribute($transaction, $key, prelim(&$op["value"])),
            "removeAttr" => $text.remove_attribute($transaction, $key),
            other => panic!("no such op of a text: {other}"),
        }
    };
}

/// Carries out an op.
pub fn carry_out(transaction: &mut Transaction<'_>, op: &Json) -> Result<(), merganser::Error> {
    let at = op["at"].as_u64().unwrap_or(0) as u32;
    let len = op["len"].as_u64().unwrap_or(0) as u32;
    let key = op["key"].as_str().unwrap_or_default();
    let values = || op["values"].as_array().unwrap().iter().map(prelim).collect::<Vec<_>>();
    let target = find(transaction, &op["path"]);
    match (op["op"].as_str().unwrap(), target) {
        (_, Value::Text(text)) => on_text!(text, transaction, op, at, len, key),
        (_, Value::XmlText(text)) => on_text!(text, transaction, op, at, len, key),
        ("insert", Value::Array(array)) => array.insert(transaction, at, values()),
        ("insert", Value::XmlElement(xml)) => xml.insert(transaction, at, values()),
        ("insert", Value::XmlFragment(xml)) => xml.insert(transaction, at, values()),
        ("delete", Value::Array(array)) => array.delete(transaction, at, len),
        ("delete", Value::XmlElement(xml)) => xml.delete(transaction, at, len),
        ("delete", Value::XmlFragment(xml)) => xml.delete(transaction, at, len),
        ("set", Value::XmlHook(hook)) => hook.set(transaction, key, prelim(&op["value"])),
        ("unset", Value::XmlHook(hook)) => hook.delete(transaction, key),
        ("set", Value::Map(map)) => map.set(transaction, key, prelim(&op["value"])),
        ("unset", Value::Map(map)) => map.delete(transaction, key),
        ("setAttr", Value::XmlElement(xml)) => xml.set_attribute(transaction, key, prelim(&op["value"])),
        ("removeAttr", Value::XmlElement(xml)) => xml.remove_attribute(transaction, key),
        other => panic!("no such op: {other:?}"),
    }
}
