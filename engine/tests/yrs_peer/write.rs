//! Edits of a yrs document, as the conformance cases note them.

use crate::notation::ops::plain;
use merganser::Any;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;
use yrs::block::EmbedPrelim;
use yrs::types::xml::XmlIn;
use yrs::types::{Attrs, Delta};
use yrs::{
    Array, ArrayPrelim, In, Map, MapPrelim, Out, ReadTxn, Text, TextPrelim, TransactionMut, Xml, XmlElementPrelim,
    XmlFragment, XmlFragmentPrelim, XmlTextPrelim,
};

/// The type at a path.
pub fn find<T: ReadTxn>(transaction: &T, path: &Json) -> Out {
    let path = path.as_array().unwrap();
    let root = match path[0].as_str().unwrap() {
        "t" => Out::YText(transaction.get_text("t").unwrap()),
        "l" => Out::YArray(transaction.get_array("l").unwrap()),
        "m" => Out::YMap(transaction.get_map("m").unwrap()),
        "x" => Out::YXmlFragment(transaction.get_xml_fragment("x").unwrap()),
        other => panic!("no root {other}"),
    };
    path[1..].iter().fold(root, |at, step| {
        let index = || step.as_u64().unwrap() as u32;
        match &at {
            Out::YArray(of) => of.get(transaction, index()).unwrap(),
            Out::YXmlElement(of) => of.get(transaction, index()).unwrap().into(),
            Out::YXmlFragment(of) => of.get(transaction, index()).unwrap().into(),
            Out::YMap(of) => of.get(transaction, step.as_str().unwrap()).unwrap(),
            other => panic!("no way leads on from {other:?}"),
        }
    })
}

fn of_yrs(value: &Any) -> yrs::Any {
    match value {
        Any::Undefined => yrs::Any::Undefined,
        Any::Null => yrs::Any::Null,
        Any::Bool(value) => yrs::Any::Bool(*value),
        Any::Number(value) => yrs::Any::Number(yrs::Number::try_i64(*value)),
        Any::BigInt(value) => yrs::Any::Number(yrs::Number::Int(*value)),
        Any::String(value) => yrs::Any::String((&**value).into()),
        Any::Bytes(value) => yrs::Any::Buffer((&**value).into()),
        Any::Array(values) => yrs::Any::Array(values.iter().map(of_yrs).collect()),
        Any::Object(entries) => {
            let entries: HashMap<String, yrs::Any> =
                entries.iter().map(|(key, value)| (key.to_string(), of_yrs(value))).collect();
            yrs::Any::Map(Arc::new(entries))
        }
    }
}

fn any(value: &Json) -> yrs::Any {
    of_yrs(&plain(value))
}

fn text_of(value: &Json) -> &str {
    value["text"].as_str().unwrap()
}

fn node(value: &Json) -> XmlIn {
    let children = || value["children"].as_array().unwrap().iter().map(node);
    match value["kind"].as_str().unwrap() {
        "XmlText" => XmlTextPrelim::new(text_of(value)).into(),
        "XmlElement" => {
            let mut element = XmlElementPrelim::new(value["name"].as_str().unwrap(), children());
            let attributes = value["attrs"].as_object().unwrap().iter();
            element.attributes =
                attributes.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap().into())).collect();
            element.into()
        }
        "XmlFragment" => XmlFragmentPrelim::new::<_, ()>(children()).into(),
        other => panic!("no node {other}"),
    }
}

/// A value, or a type with its contents.
fn prelim(value: &Json) -> In {
    match (value["$"].as_str(), value["kind"].as_str()) {
        (Some("type"), Some("Array")) => {
            In::Array(value["v"].as_array().unwrap().iter().map(prelim).collect::<ArrayPrelim>())
        }
        (Some("type"), Some("Map")) => {
            let entries = value["v"].as_object().unwrap().iter();
            In::Map(entries.map(|(key, value)| (key.as_str(), prelim(value))).collect::<MapPrelim>())
        }
        (Some("type"), Some("Text")) => TextPrelim::new(text_of(value)).into(),
        (Some("type"), _) => match node(value) {
            XmlIn::Text(text) => text.into(),
            XmlIn::Element(element) => element.into(),
            XmlIn::Fragment(fragment) => fragment.into(),
        },
        _ => In::Any(any(value)),
    }
}

fn attributes(of: &Json) -> Attrs {
    of.as_object().into_iter().flatten().map(|(key, value)| (key.as_str().into(), any(value))).collect()
}

fn change(of: &Json) -> Delta<In> {
    let attributes = Some(attributes(&of["attributes"])).filter(|of| !of.is_empty()).map(Box::new);
    let len = |of: &Json| of.as_u64().map(|len| len as u32);
    match (len(&of["retain"]), len(&of["delete"])) {
        (Some(len), _) => Delta::Retain(len, attributes),
        (_, Some(len)) => Delta::Deleted(len),
        _ => Delta::Inserted(prelim(&of["insert"]), attributes),
    }
}

fn embed(transaction: &mut TransactionMut, text: &impl Text, at: u32, op: &Json) {
    let attributes = attributes(&op["attrs"]);
    let value = match prelim(&op["value"]) {
        In::Any(value) => EmbedPrelim::Primitive(value),
        other => EmbedPrelim::Shared(other),
    };
    match value {
        EmbedPrelim::Primitive(value) => {
            text.insert_embed_with_attributes(transaction, at, value, attributes);
        }
        EmbedPrelim::Shared(In::Map(value)) => {
            text.insert_embed_with_attributes(transaction, at, value, attributes);
        }
        EmbedPrelim::Shared(In::Array(value)) => {
            text.insert_embed_with_attributes(transaction, at, value, attributes);
        }
        EmbedPrelim::Shared(other) => panic!("no embed of these programs: {other:?}"),
    }
}

fn on_text(transaction: &mut TransactionMut, text: &impl Text, op: &Json) {
    let at = op["at"].as_u64().unwrap_or(0) as u32;
    let len = op["len"].as_u64().unwrap_or(0) as u32;
    match op["op"].as_str().unwrap() {
        "textInsert" if op.get("attrs").is_some() => {
            text.insert_with_attributes(transaction, at, text_of(op), attributes(&op["attrs"]));
        }
        "textInsert" => text.insert(transaction, at, text_of(op)),
        "textEmbed" => embed(transaction, text, at, op),
        "textDelete" => text.remove_range(transaction, at, len),
        "textFormat" => text.format(transaction, at, len, attributes(&op["attrs"])),
        "textDelta" => text.apply_delta(transaction, op["delta"].as_array().unwrap().iter().map(change)),
        other => panic!("no such op of a text: {other}"),
    }
}

fn on_xml(transaction: &mut TransactionMut, xml: &impl Xml, op: &Json) {
    let key = op["key"].as_str().unwrap();
    match op["op"].as_str().unwrap() {
        "setAttr" => {
            xml.insert_attribute(transaction, key, prelim(&op["value"]));
        }
        "removeAttr" => xml.remove_attribute(transaction, &key),
        other => panic!("no such op of XML: {other}"),
    }
}

fn on_nodes(transaction: &mut TransactionMut, xml: &impl XmlFragment, op: &Json) {
    let at = op["at"].as_u64().unwrap() as u32;
    match op["op"].as_str().unwrap() {
        "insert" => {
            for (step, value) in op["values"].as_array().unwrap().iter().enumerate() {
                xml.insert(transaction, at + step as u32, node(value));
            }
        }
        "delete" => xml.remove_range(transaction, at, op["len"].as_u64().unwrap() as u32),
        other => panic!("no such op of an XML parent: {other}"),
    }
}

/// Carries out an op.
pub fn carry_out(transaction: &mut TransactionMut, op: &Json) {
    let at = op["at"].as_u64().unwrap_or(0) as u32;
    let key = op["key"].as_str().unwrap_or_default();
    let name = op["op"].as_str().unwrap();
    let is_attribute = name.ends_with("Attr");
    match (name, find(transaction, &op["path"])) {
        (_, Out::YXmlText(text)) if is_attribute => on_xml(transaction, &text, op),
        (_, Out::YXmlElement(element)) if is_attribute => on_xml(transaction, &element, op),
        (_, Out::YXmlText(text)) => on_text(transaction, &text, op),
        (_, Out::YText(text)) => on_text(transaction, &text, op),
        (_, Out::YXmlElement(element)) => on_nodes(transaction, &element, op),
        (_, Out::YXmlFragment(fragment)) => on_nodes(transaction, &fragment, op),
        ("insert", Out::YArray(array)) => {
            for (step, value) in op["values"].as_array().unwrap().iter().enumerate() {
                array.insert(transaction, at + step as u32, prelim(value));
            }
        }
        ("delete", Out::YArray(array)) => {
            array.remove_range(transaction, at, op["len"].as_u64().unwrap() as u32);
        }
        ("set", Out::YMap(map)) => {
            map.insert(transaction, key, prelim(&op["value"]));
        }
        ("unset", Out::YMap(map)) => {
            map.remove(transaction, key);
        }
        other => panic!("no such op: {other:?}"),
    }
}
