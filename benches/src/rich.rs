//! Formatted text in both engines: a document of our own making, and edits of it.

use merganser::types::{Attributes, DeltaEdit};
use merganser::{Any, ClientId, Doc, Options, StateVector, Text};
use std::sync::Arc;
use yrs::types::text::YChange;
use yrs::types::{Attrs, Delta};
use yrs::updates::decoder::Decode;
use yrs::{In, ReadTxn, Text as _, TextRef, Transact};

/// One run of text with its formats, each a key and a value.
pub type Run = (String, Vec<(&'static str, &'static str)>);

/// A format at a place: where, how long, key and value; an empty value takes the format away.
pub type Format = (u32, u32, &'static str, &'static str);

/// A small generator, so that every run measures the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }
}

/// A document of about so many bytes: sentences in paragraphs, of which about every third run is formatted, as in a
/// page that people have written together.
pub fn document(bytes: usize) -> Vec<Run> {
    const WORDS: [&str; 8] = ["the ", "mergansers ", "dive ", "for ", "fish ", "in ", "cold ", "rivers. "];
    const FORMATS: [&[(&str, &str)]; 5] = [
        &[("bold", "true")],
        &[("italic", "true")],
        &[("bold", "true"), ("color", "#2b6cb0")],
        &[("link", "https://example.org/ducks")],
        &[("code", "true")],
    ];
    let (mut runs, mut written, mut random) = (Vec::new(), 0, Random(1));
    while written < bytes {
        let count = 2 + random.below(14);
        let text: String = (0..count).map(|_| WORDS[random.below(8) as usize]).collect();
        written += text.len();
        let formats = if random.below(3) == 0 { FORMATS[random.below(5) as usize].to_vec() } else { Vec::new() };
        runs.push((text, formats));
        if random.below(6) == 0 {
            runs.push(("\n".into(), vec![("header", "2")]));
        }
    }
    runs
}

/// Random formats of a text of this length.
pub fn formats(count: usize, len: u32) -> Vec<Format> {
    const ALL: [(&str, &str); 5] =
        [("bold", "true"), ("bold", ""), ("italic", "true"), ("color", "#c53030"), ("color", "")];
    let mut random = Random(2);
    let one = |random: &mut Random| {
        let (key, value) = ALL[random.below(5) as usize];
        (random.below(len - 60), 1 + random.below(50), key, value)
    };
    (0..count).map(|_| one(&mut random)).collect()
}

/// A document with one text, in one of the engines.
pub trait Rich {
    /// An empty one.
    fn empty() -> Self;
    /// Applies the runs as one delta.
    fn apply_delta(&mut self, runs: &[Run]);
    /// The number of ops of the content as a delta.
    fn delta_len(&self) -> usize;
    /// Formats, each in a transaction of its own.
    fn format(&mut self, formats: &[Format]);
    /// Inserts a word at the place of each format, with it, in transactions of their own.
    fn insert(&mut self, formats: &[Format]);
    /// Applies changes as an editor sends them: a delta that retains, inserts a word and deletes one character.
    fn edit(&mut self, formats: &[Format]);
    /// The whole document as an update v1.
    fn encode(&self) -> Vec<u8>;
    /// Applies an update v1.
    fn load(&mut self, update: &[u8]);
}

/// A document of this engine.
pub struct Merganser {
    doc: Doc,
    text: Text,
}

fn attributes(of: &[(&str, &str)]) -> Attributes {
    let value = |value: &str| if value.is_empty() { Any::Null } else { Any::from(value) };
    of.iter().map(|(key, of)| ((*key).into(), value(of))).collect()
}

impl Rich for Merganser {
    fn empty() -> Merganser {
        let mut doc = Doc::new(Options::new(ClientId::from(1)));
        let text = doc.text("text");
        Merganser { doc, text }
    }

    fn apply_delta(&mut self, runs: &[Run]) {
        let insert = |(text, formats): &Run| DeltaEdit::Insert {
            insert: Any::from(text.as_str()).into(),
            attributes: attributes(formats),
        };
        let delta = runs.iter().map(insert).collect();
        let mut transaction = self.doc.transact();
        self.text.apply_delta(&mut transaction, delta, true).expect("inserts");
        transaction.commit();
    }

    fn delta_len(&self) -> usize {
        self.text.to_delta(&self.doc).len()
    }

    fn format(&mut self, formats: &[Format]) {
        for (at, len, key, value) in formats {
            let mut transaction = self.doc.transact();
            self.text.format(&mut transaction, *at, *len, &attributes(&[(key, value)])).expect("a range of the text");
            transaction.commit();
        }
    }

    fn insert(&mut self, formats: &[Format]) {
        for (at, _, key, value) in formats {
            let mut transaction = self.doc.transact();
            let formats = attributes(&[(key, value)]);
            self.text.insert_with_attributes(&mut transaction, *at, "duck", &formats).expect("an index of the text");
            transaction.commit();
        }
    }

    fn edit(&mut self, formats: &[Format]) {
        for (at, ..) in formats {
            let mut transaction = self.doc.transact();
            let delta = vec![
                DeltaEdit::Retain { len: *at, attributes: Vec::new() },
                DeltaEdit::Insert { insert: "duck".into(), attributes: Vec::new() },
                DeltaEdit::Delete { len: 1 },
            ];
            self.text.apply_delta(&mut transaction, delta, true).expect("a change of the text");
            transaction.commit();
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.encode_state_as_update(&StateVector::default())
    }

    fn load(&mut self, update: &[u8]) {
        self.doc.apply_update(update).expect("a well-formed update");
    }
}

/// A document of yrs.
pub struct Yrs {
    doc: yrs::Doc,
    text: TextRef,
}

fn attrs(of: &[(&str, &str)]) -> Attrs {
    let value = |value: &str| if value.is_empty() { yrs::Any::Null } else { yrs::Any::from(value) };
    of.iter().map(|(key, of)| (Arc::from(*key), value(of))).collect()
}

fn boxed(of: &[(&str, &str)]) -> Option<Box<Attrs>> {
    (!of.is_empty()).then(|| Box::new(attrs(of)))
}

impl Rich for Yrs {
    fn empty() -> Yrs {
        let options = yrs::Options::with_client_id(yrs::block::ClientID::new(1));
        let doc = yrs::Doc::with_options(yrs::Options { offset_kind: yrs::OffsetKind::Utf16, ..options });
        let text = doc.get_or_insert_text("text");
        Yrs { doc, text }
    }

    fn apply_delta(&mut self, runs: &[Run]) {
        let insert = |(text, formats): &Run| Delta::Inserted(In::from(text.as_str()), boxed(formats));
        let delta: Vec<Delta<In>> = runs.iter().map(insert).collect();
        self.text.apply_delta(&mut self.doc.transact_mut(), delta);
    }

    fn delta_len(&self) -> usize {
        self.text.diff(&self.doc.transact(), YChange::identity).len()
    }

    fn format(&mut self, formats: &[Format]) {
        for (at, len, key, value) in formats {
            self.text.format(&mut self.doc.transact_mut(), *at, *len, attrs(&[(key, value)]));
        }
    }

    fn insert(&mut self, formats: &[Format]) {
        for (at, _, key, value) in formats {
            self.text.insert_with_attributes(&mut self.doc.transact_mut(), *at, "duck", attrs(&[(key, value)]));
        }
    }

    fn edit(&mut self, formats: &[Format]) {
        for (at, ..) in formats {
            let delta: Vec<Delta<In>> =
                vec![Delta::Retain(*at, None), Delta::Inserted(In::from("duck"), None), Delta::Deleted(1)];
            self.text.apply_delta(&mut self.doc.transact_mut(), delta);
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&yrs::StateVector::default())
    }

    fn load(&mut self, update: &[u8]) {
        let update = yrs::Update::decode_v1(update).expect("a well-formed update");
        self.doc.transact_mut().apply_update(update).expect("an update that fits");
    }
}

/// An empty document to which something was done.
pub fn made<R: Rich>(make: impl FnOnce(&mut R)) -> R {
    let mut rich = R::empty();
    make(&mut rich);
    rich
}
