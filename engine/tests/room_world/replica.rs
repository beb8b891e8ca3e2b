//! A client's document: Merganser's or that of `yrs`, with the edits that people make.

use super::random::Random;
use merganser::types::Value;
use merganser::update::{Content, Update, decode_state_vector};
use merganser::{Any, ClientId, Doc, IdSet, Options, Prelim, StateVector};
use yrs::types::ToJson;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Array as _, GetString, Map as _, ReadTxn, Text as _, Transact};

#[derive(Debug)]
enum Engine {
    Ours(Box<Doc>),
    Theirs(yrs::Doc),
}

/// One replica, and what it knows to be stored: whatever it has seen of others.
#[derive(Debug)]
pub struct Replica {
    pub client: u64,
    engine: Engine,
    /// Deletes that came over the network.
    pub deletes_seen: IdSet,
}

/// Everything that people see in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    pub list: String,
    pub map: String,
}

const WORDS: [&str; 7] = ["a", "bc", "def", "Größe", "鸭子", "a longer piece of text, pasted at once ", "\n"];
const KEYS: [&str; 3] = ["title", "colour", "ключ"];

impl Replica {
    pub fn ours(client: u32) -> Replica {
        let mut options = Options::new(ClientId::from(client));
        options.gc = client.is_multiple_of(2);
        let mut doc = Doc::new(options);
        doc.text("t");
        doc.array("l");
        doc.map("m");
        Replica { client: client.into(), engine: Engine::Ours(Box::new(doc)), deletes_seen: IdSet::default() }
    }

    pub fn theirs(client: u32) -> Replica {
        let mut options = yrs::Options::with_client_id(yrs::ClientID::new(client.into()));
        options.offset_kind = yrs::OffsetKind::Utf16;
        let doc = yrs::Doc::with_options(options);
        doc.get_or_insert_text("t");
        doc.get_or_insert_array("l");
        doc.get_or_insert_map("m");
        Replica { client: client.into(), engine: Engine::Theirs(doc), deletes_seen: IdSet::default() }
    }

    /// Inserts into the text at `index`; returns the update.
    pub fn insert(&mut self, index: u32, words: &str) -> Vec<u8> {
        match &mut self.engine {
            Engine::Ours(doc) => {
                let text = doc.text("t");
                let mut transaction = doc.transact();
                text.insert(&mut transaction, index, words).expect("an index within the text");
                transaction.commit().update_v1().expect("something was inserted")
            }
            Engine::Theirs(doc) => {
                let text = doc.get_or_insert_text("t");
                let mut transaction = doc.transact_mut();
                text.insert(&mut transaction, index, words);
                transaction.encode_update_v1()
            }
        }
    }

    /// Deletes from the text; returns the update.
    pub fn delete(&mut self, index: u32, len: u32) -> Vec<u8> {
        match &mut self.engine {
            Engine::Ours(doc) => {
                let text = doc.text("t");
                let mut transaction = doc.transact();
                text.delete(&mut transaction, index, len).expect("a range within the text");
                transaction.commit().update_v1().expect("something was deleted")
            }
            Engine::Theirs(doc) => {
                let text = doc.get_or_insert_text("t");
                let mut transaction = doc.transact_mut();
                text.remove_range(&mut transaction, index, len);
                transaction.encode_update_v1()
            }
        }
    }

    /// A random edit; its update, if it changed anything.
    pub fn edit(&mut self, random: &mut Random) -> Option<Vec<u8>> {
        match random.below(10) {
            0..4 => {
                let at = random.below(self.text_len() as usize + 1);
                Some(self.insert(at as u32, WORDS[random.below(WORDS.len())]))
            }
            4..6 if self.text_len() > 0 => {
                let len = self.text_len() as usize;
                let at = random.below(len);
                Some(self.delete(at as u32, 1 + random.below(9.min(len - at)) as u32))
            }
            6..8 => self.edit_list(random),
            _ => self.edit_map(random),
        }
    }

    /// A random edit of the text with characters of two units, with `is_rich` also formats and embeds; its update, if it
    /// changed anything. One of `yrs` writes at the end, since it cuts pairs apart in its own ways.
    pub fn edit_wide(&mut self, random: &mut Random, is_rich: bool) -> Option<Vec<u8>> {
        let len = self.text_len();
        let Engine::Ours(doc) = &mut self.engine else { return Some(self.insert(len, "theirs")) };
        let text = doc.text("t");
        let len = len as usize;
        let at = random.below(len + 1) as u32;
        let passed = (1 + random.below(6)).min(len - at as usize) as u32;
        let value = |random: &mut Random| if random.chance(40) { Any::Null } else { Any::Bool(random.chance(80)) };
        let formats = vec![((*random.one_of(&["bold", "link"])).into(), value(random))];
        let mut transaction = doc.transact();
        // A place inside a pair is refused: nothing is edited then.
        let _refused = match random.below(6) {
            2..5 if !is_rich => text.insert(&mut transaction, at, "p"),
            0 | 1 => text.insert(
                &mut transaction,
                at,
                ["\u{1f986}", "x\u{1f469}\u{200d}\u{1f680}", "plain"][random.below(3)],
            ),
            2 => text.insert_with_attributes(&mut transaction, at, "f\u{1f986}", &formats),
            3 => text.insert_embed(&mut transaction, at, Any::from(7), &formats),
            4 => text.format(&mut transaction, at, passed, &formats),
            _ => text.delete(&mut transaction, at, passed),
        };
        transaction.commit().update_v1()
    }

    fn edit_list(&mut self, random: &mut Random) -> Option<Vec<u8>> {
        match &mut self.engine {
            Engine::Ours(doc) => {
                let list = doc.array("l");
                let len = list.len(doc) as usize;
                let mut transaction = doc.transact();
                if random.chance(70) || len == 0 {
                    let mut value = |_| match random.below(4) {
                        0 => Prelim::Text("nested".into()),
                        1 => Prelim::Map(vec![("x".into(), Prelim::from("y"))]),
                        _ => Prelim::from(*random.one_of(&WORDS)),
                    };
                    let values: Vec<_> = (0..2).map(&mut value).collect();
                    let at = random.below(len + 1) as u32;
                    list.insert(&mut transaction, at, values).expect("an index within the list");
                } else {
                    let at = random.below(len);
                    let count = (1 + random.below(3)).min(len - at) as u32;
                    list.delete(&mut transaction, at as u32, count).expect("a range within the list");
                }
                transaction.commit().update_v1()
            }
            Engine::Theirs(doc) => {
                let list = doc.get_or_insert_array("l");
                let mut transaction = doc.transact_mut();
                let len = list.len(&transaction) as usize;
                if random.chance(70) || len == 0 {
                    list.insert(&mut transaction, random.below(len + 1) as u32, *random.one_of(&WORDS));
                } else {
                    list.remove(&mut transaction, random.below(len) as u32);
                }
                Some(transaction.encode_update_v1())
            }
        }
    }

    fn edit_map(&mut self, random: &mut Random) -> Option<Vec<u8>> {
        let key = *random.one_of(&KEYS);
        let sets = random.chance(70);
        let word = *random.one_of(&WORDS);
        match &mut self.engine {
            Engine::Ours(doc) => {
                let map = doc.map("m");
                let mut transaction = doc.transact();
                if sets {
                    map.set(&mut transaction, key, word).expect("a value");
                } else {
                    map.delete(&mut transaction, key).expect("a key");
                }
                transaction.commit().update_v1()
            }
            Engine::Theirs(doc) => {
                let map = doc.get_or_insert_map("m");
                let mut transaction = doc.transact_mut();
                if sets {
                    map.insert(&mut transaction, key, word);
                } else {
                    map.remove(&mut transaction, key)?;
                }
                Some(transaction.encode_update_v1())
            }
        }
    }

    /// Length of the text in UTF-16 code units, embeds included.
    pub fn text_len(&mut self) -> u32 {
        match &mut self.engine {
            Engine::Ours(doc) => {
                let text = doc.text("t");
                text.len(doc)
            }
            Engine::Theirs(doc) => doc.get_or_insert_text("t").len(&doc.transact()),
        }
    }

    /// Applies an update that came over the network.
    pub fn apply(&mut self, update: &[u8]) {
        let parsed = Update::parse_v1(update).expect("what a server sends is well formed");
        for (client, range) in parsed.deletes {
            self.deletes_seen.insert(client, range);
        }
        match &mut self.engine {
            Engine::Ours(doc) => {
                doc.apply_update(update).expect("what a server sends can be applied");
            }
            Engine::Theirs(doc) => {
                let update = yrs::Update::decode_v1(update).expect("what a server sends is well formed");
                doc.transact_mut().apply_update(update).expect("what a server sends can be applied");
            }
        }
    }

    pub fn state_vector_bytes(&self) -> Vec<u8> {
        match &self.engine {
            Engine::Ours(doc) => doc.encode_state_vector(),
            Engine::Theirs(doc) => doc.transact().state_vector().encode_v1(),
        }
    }

    pub fn state_vector(&self) -> StateVector {
        decode_state_vector(&self.state_vector_bytes()).expect("a state vector")
    }

    /// All that a replica with this state vector lacks.
    pub fn encode_since(&self, vector: &[u8]) -> Vec<u8> {
        match &self.engine {
            Engine::Ours(doc) => doc.encode_state_as_update(&decode_state_vector(vector).expect("a state vector")),
            Engine::Theirs(doc) => {
                let vector = yrs::StateVector::decode_v1(vector).expect("a state vector");
                doc.transact().encode_state_as_update_v1(&vector)
            }
        }
    }

    /// Which units are deleted; only of our own engine.
    pub fn delete_set(&self) -> Option<IdSet> {
        match &self.engine {
            Engine::Ours(doc) => Some(doc.delete_set()),
            Engine::Theirs(_) => None,
        }
    }

    pub fn assert_whole(&self) {
        if let Engine::Ours(doc) = &self.engine {
            doc.assert_invariants();
            assert!(doc.pending_structs().is_empty(), "client {}: structs wait for {:?}", self.client, waits_for(doc));
            assert!(doc.pending_deletes().is_empty(), "client {}: deletes wait", self.client);
        }
    }

    pub fn shown(&mut self) -> Shown {
        match &mut self.engine {
            Engine::Ours(doc) => shown_in(doc),
            Engine::Theirs(doc) => {
                let (text, list) = (doc.get_or_insert_text("t"), doc.get_or_insert_array("l"));
                let map = doc.get_or_insert_map("m");
                let transaction = doc.transact();
                Shown {
                    text: text.get_string(&transaction),
                    list: theirs_as_text(&list.to_json(&transaction)),
                    map: theirs_as_text(&map.to_json(&transaction)),
                }
            }
        }
    }
}

pub fn waits_for(doc: &Doc) -> Vec<merganser::Id> {
    doc.missing().collect()
}

pub fn shown_in(doc: &mut Doc) -> Shown {
    let (text, list, map) = (doc.text("t"), doc.array("l"), doc.map("m"));
    Shown {
        text: text.to_string(doc),
        list: ours_as_text(&Value::Array(list).to_json(doc)),
        map: ours_as_text(&Value::Map(map).to_json(doc)),
    }
}

/// Units of GC structs in an update.
pub fn collected_in(update: &[u8]) -> IdSet {
    let parsed = Update::parse_v1(update).expect("an update");
    let collected = parsed.structs.iter().filter(|of| of.content == Content::Gc);
    collected.map(|of| (of.id.client, of.id.clock..of.end())).collect()
}

fn ours_as_text(value: &Any) -> String {
    match value {
        Any::String(text) => format!("{text:?}"),
        Any::Array(values) => format!("[{}]", values.iter().map(ours_as_text).collect::<Vec<_>>().join(",")),
        Any::Object(entries) => {
            let mut lines: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}:{}", ours_as_text(value))).collect();
            lines.sort();
            format!("{{{}}}", lines.join(","))
        }
        other => format!("{other:?}"),
    }
}

fn theirs_as_text(value: &yrs::Any) -> String {
    match value {
        yrs::Any::String(text) => format!("{text:?}"),
        yrs::Any::Array(values) => format!("[{}]", values.iter().map(theirs_as_text).collect::<Vec<_>>().join(",")),
        yrs::Any::Map(entries) => {
            let mut lines: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}:{}", theirs_as_text(value))).collect();
            lines.sort();
            format!("{{{}}}", lines.join(","))
        }
        other => format!("{other:?}"),
    }
}
