//! A document of yrs: its updates as a provider gets them, and what it shows in the notation of the conformance cases.

pub mod write;

use crate::notation::any;
use merganser::update::{Content, Update as MerganserUpdate, convert_update_v1_to_v2, encode_state_vector};
use merganser::{Any, ClientId, IdSet, Snapshot, StateVector};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use yrs::branch::{Branch, BranchPtr};
use yrs::types::text::YChange;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    Array as _, Assoc, GetString, Map as _, Offset, OffsetKind, Out, ReadTxn, StickyIndex, Text, Transact, Update, Xml,
    XmlFragment as _, XmlOut,
};

/// The roots that both engines know: yrs has no roots that are XML elements or XML texts.
pub const ROOTS: [&str; 4] = ["t", "l", "m", "x"];

/// A document of yrs.
pub struct YrsDoc {
    doc: yrs::Doc,
    /// The last transaction's update in v1 and in v2.
    authored: [Arc<Mutex<Option<Vec<u8>>>>; 2],
}

impl YrsDoc {
    pub fn open(client: u64, gc: bool) -> YrsDoc {
        let mut options = yrs::Options::with_client_id(yrs::ClientID::new(client));
        options.offset_kind = OffsetKind::Utf16;
        options.skip_gc = !gc;
        let doc = yrs::Doc::with_options(options);
        doc.get_or_insert_text("t");
        doc.get_or_insert_array("l");
        doc.get_or_insert_map("m");
        doc.get_or_insert_xml_fragment("x");
        let authored: [Arc<Mutex<Option<Vec<u8>>>>; 2] = Default::default();
        let [v1, v2] = authored.clone();
        doc.observe_update_v1("v1", move |_, event| *v1.lock().unwrap() = Some(event.update.clone())).unwrap();
        doc.observe_update_v2("v2", move |_, event| *v2.lock().unwrap() = Some(event.update.clone())).unwrap();
        YrsDoc { doc, authored }
    }

    /// Carries out edits in one transaction; its update in both formats, if it changed anything.
    pub fn write(&self, ops: &[Json]) -> Option<[Vec<u8>; 2]> {
        let mut transaction = self.doc.transact_mut();
        ops.iter().for_each(|op| write::carry_out(&mut transaction, op));
        drop(transaction);
        let [v1, v2] = &self.authored;
        let taken = [v1.lock().unwrap().take(), v2.lock().unwrap().take()];
        let [Some(v1), Some(v2)] = taken else { return None };
        let v2 = if writes_v2(&v1) { v2 } else { convert_update_v1_to_v2(&v1).unwrap() };
        Some([v1, v2])
    }

    pub fn apply(&self, update: &[u8], is_v2: bool) {
        let update = if is_v2 { Update::decode_v2(update) } else { Update::decode_v1(update) };
        self.doc.transact_mut().apply_update(update.unwrap()).unwrap();
        self.authored.iter().for_each(|authored| *authored.lock().unwrap() = None);
    }

    pub fn encode(&self, known: &StateVector, is_v2: bool) -> Vec<u8> {
        let known = yrs::StateVector::decode_v1(&encode_state_vector(known)).unwrap();
        let transaction = self.doc.transact();
        let v1 = transaction.encode_state_as_update_v1(&known);
        match is_v2 {
            true if writes_v2(&v1) => transaction.encode_state_as_update_v2(&known),
            true => convert_update_v1_to_v2(&v1).unwrap(),
            false => v1,
        }
    }

    pub fn is_waiting(&self) -> bool {
        self.doc.transact().has_missing_updates()
    }

    pub fn snapshot(&self) -> Vec<u8> {
        self.doc.transact().snapshot().encode_v1()
    }

    pub fn state_vector(&self) -> StateVector {
        let vector = self.doc.transact().state_vector();
        vector
            .iter()
            .filter(|(_, clock)| **clock > 0)
            .map(|(client, clock)| (ClientId::new(client.get()), *clock))
            .collect()
    }

    pub fn delete_set(&self) -> IdSet {
        Snapshot::decode_v1(&self.snapshot()).unwrap().delete_set().clone()
    }

    /// The document as it was at an encoded snapshot, as an update; nothing may have been collected.
    pub fn encode_at(&self, snapshot: &[u8]) -> Vec<u8> {
        let snapshot = yrs::Snapshot::decode_v1(snapshot).unwrap();
        let mut out = yrs::updates::encoder::EncoderV1::new();
        self.doc.transact().encode_state_from_snapshot(&snapshot, &mut out).unwrap();
        yrs::updates::encoder::Encoder::to_vec(out)
    }

    /// An encoded relative position; `None` where yrs gives none.
    pub fn position(&self, path: &Json, index: u32, assoc: i32) -> Option<Vec<u8>> {
        let transaction = self.doc.transact();
        let target = write::find(&transaction, path);
        let branch = BranchPtr::from(branch(&target)?);
        let assoc = if assoc < 0 { Assoc::Before } else { Assoc::After };
        StickyIndex::at(&transaction, branch, index, assoc).map(|position| position.encode_v1())
    }

    /// Where an encoded relative position is: whether in the type at `path`, and its index.
    pub fn look_up(&self, path: &Json, position: &[u8]) -> Option<(bool, u32)> {
        let transaction = self.doc.transact();
        let target = write::find(&transaction, path);
        let Offset { branch: of, index, .. } = StickyIndex::decode_v1(position).unwrap().get_offset(&transaction)?;
        Some((Some(of) == branch(&target).map(BranchPtr::from), index))
    }

    /// What the roots show.
    pub fn trees(&self) -> Json {
        let transaction = self.doc.transact();
        let tree = |name: &str| tree(&transaction, &write::find(&transaction, &json!([name])));
        Json::Object(ROOTS.iter().map(|name| (name.to_string(), tree(name))).collect())
    }

    /// The root text without formatting.
    pub fn text(&self) -> String {
        let transaction = self.doc.transact();
        transaction.get_text("t").unwrap().get_string(&transaction)
    }
}

/// Whether yrs writes this update so that its v2 can be read: not with skips, and not with bytes that are a value.
fn writes_v2(v1: &[u8]) -> bool {
    let update = MerganserUpdate::parse_v1(v1).unwrap();
    update.structs.iter().all(|read| !matches!(read.content, Content::Skip | Content::Binary))
}

fn branch(of: &Out) -> Option<&Branch> {
    of.try_branch()
}

fn plain(value: &yrs::Any) -> Any {
    match value {
        yrs::Any::Null => Any::Null,
        yrs::Any::Undefined => Any::Undefined,
        yrs::Any::Bool(value) => Any::Bool(*value),
        yrs::Any::Number(yrs::Number::Float(value)) => Any::Number(*value),
        yrs::Any::Number(yrs::Number::Int(value)) if value.unsigned_abs() < 1 << 53 => Any::Number(*value as f64),
        yrs::Any::Number(yrs::Number::Int(value)) => Any::BigInt(*value),
        yrs::Any::String(value) => Any::String((&**value).into()),
        yrs::Any::Buffer(value) => Any::Bytes((&**value).into()),
        yrs::Any::Array(values) => Any::Array(values.iter().map(plain).collect()),
        yrs::Any::Map(entries) => {
            Any::Object(entries.iter().map(|(key, value)| (key.as_str().into(), plain(value))).collect())
        }
    }
}

/// A value with its shared types.
pub fn tree<T: ReadTxn>(transaction: &T, value: &Out) -> Json {
    match value {
        Out::Any(value) => any(&plain(value)),
        Out::YArray(array) => {
            let values: Vec<Json> = array.iter(transaction).map(|value| tree(transaction, &value)).collect();
            json!({"$": "type", "kind": "Array", "v": values})
        }
        Out::YMap(map) => {
            let entries = map.iter(transaction).map(|(key, value)| (key.to_string(), tree(transaction, &value)));
            json!({"$": "type", "kind": "Map", "v": Json::Object(entries.collect())})
        }
        Out::YText(text) => json!({"$": "type", "kind": "Text", "delta": delta(transaction, text)}),
        Out::YXmlText(text) => {
            let mut shown = json!({"$": "type", "kind": "XmlText", "delta": delta(transaction, text)});
            let attributes = attributes(transaction, text);
            if attributes != json!({}) {
                shown["attrs"] = attributes;
            }
            shown
        }
        Out::YXmlFragment(fragment) => {
            json!({"$": "type", "kind": "XmlFragment", "children": children(transaction, fragment.children(transaction))})
        }
        Out::YXmlElement(element) => json!({
            "$": "type", "kind": "XmlElement", "name": element.tag(),
            "attrs": attributes(transaction, element),
            "children": children(transaction, element.children(transaction)),
        }),
        Out::YDoc(doc) => json!({"$": "doc", "guid": doc.guid(), "gc": !doc.skip_gc(), "autoLoad": doc.auto_load()}),
        Out::UndefinedRef(_) => json!({"$": "type without a kind"}),
    }
}

fn children<T: ReadTxn>(transaction: &T, nodes: impl Iterator<Item = XmlOut>) -> Json {
    nodes.map(|node| tree(transaction, &Out::from(node))).collect()
}

fn attributes<T: ReadTxn>(transaction: &T, of: &impl Xml) -> Json {
    let entries = of.attributes(transaction).map(|(key, value)| (key.to_string(), tree(transaction, &value)));
    Json::Object(entries.collect())
}

fn delta<T: ReadTxn>(transaction: &T, text: &impl Text) -> Json {
    let diff = text.diff(transaction, YChange::identity);
    let op = |chunk: yrs::types::text::Diff<YChange>| {
        let insert = tree(transaction, &chunk.insert);
        match chunk.attributes.filter(|attributes| !attributes.is_empty()) {
            None => json!({"insert": insert}),
            Some(attributes) => {
                let attributes = attributes.iter().map(|(key, value)| (key.to_string(), any(&plain(value))));
                json!({"insert": insert, "attributes": Json::Object(attributes.collect())})
            }
        }
    };
    diff.into_iter().map(op).collect()
}
