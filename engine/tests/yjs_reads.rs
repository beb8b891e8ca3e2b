//! Random programs on a document of ours and one of real Yjs: what the reading calls of all types return.

mod edits;
mod history;
mod notation;
mod oracle;
mod pair;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::How;
use merganser::update::merge_updates;
use merganser::{ClientId, Doc, Options, StateVector, Value, XmlElement};
use notation::{Random, any, joined, reachable, runs, tree};
use oracle::Oracle;
use pair::Pair;
use serde_json::{Value as Json, json};

/// What is asked for: the elements of a range, and a name or key.
struct Question {
    from: u32,
    to: u32,
    name: &'static str,
}

/// All results for one type, as the oracle says them; types by their paths.
struct Reading<'d> {
    doc: &'d Doc,
    types: &'d [(Json, Value)],
    question: &'d Question,
}

impl Reading<'_> {
    fn path(&self, of: Option<Value>) -> Json {
        let found = self.types.iter().find(|(_, known)| Some(known) == of.as_ref());
        found.map_or(Json::Null, |(path, _)| path.clone())
    }

    fn paths(&self, of: impl IntoIterator<Item = Value>) -> Json {
        of.into_iter().map(|value| self.path(Some(value))).collect()
    }

    fn shown(&self, values: impl IntoIterator<Item = Value>) -> Json {
        values.into_iter().map(|value| tree(self.doc, &value)).collect()
    }

    fn results(&self, of: &Value) -> Json {
        let (doc, Question { from, to, name }) = (self.doc, self.question);
        let wrapped = |elements: Vec<XmlElement>| elements.into_iter().map(Value::from).collect::<Vec<_>>();
        macro_rules! map {
            ($of:expr) => {
                json!({"keys": $of.keys(doc).collect::<Vec<_>>(), "values": self.shown($of.values(doc)),
                    "size": $of.len(doc), "has": $of.has(doc, name)})
            };
        }
        macro_rules! parent {
            ($of:expr) => {
                json!({"first": self.path($of.first_child(doc)), "all": self.paths($of.iter(doc)),
                    "slice": self.paths($of.slice(doc, from..to)), "walked": self.paths($of.tree_walker(doc)),
                    "found": self.path($of.query_selector(doc, name).map(Value::from)),
                    "foundAll": self.paths(wrapped($of.query_selector_all(doc, name)))})
            };
        }
        match of {
            Value::Array(of) => {
                json!({"slice": self.shown(of.slice(doc, from..to)), "iterated": self.shown(of.iter(doc))})
            }
            Value::Map(of) => map!(of),
            Value::XmlHook(of) => map!(of),
            Value::XmlFragment(of) => parent!(of),
            Value::XmlElement(of) => {
                let mut read = parent!(of);
                read["names"] = of.attributes(doc).map(|(name, _)| name).collect();
                read["has"] = json!(of.has_attribute(doc, name));
                read["next"] = self.path(of.next_sibling(doc));
                read["previous"] = self.path(of.prev_sibling(doc));
                read
            }
            Value::XmlText(of) => json!({"next": self.path(of.next_sibling(doc)),
                "previous": self.path(of.prev_sibling(doc)),
                "names": of.attributes(doc).map(|(name, _)| name).collect::<Vec<_>>()}),
            _ => json!({}),
        }
    }

    fn parent(&self, of: &Value) -> Option<Value> {
        match of {
            Value::Text(of) => of.parent(self.doc),
            Value::Array(of) => of.parent(self.doc),
            Value::Map(of) => of.parent(self.doc),
            Value::XmlElement(of) => of.parent(self.doc),
            Value::XmlFragment(of) => of.parent(self.doc),
            Value::XmlText(of) => of.parent(self.doc),
            Value::XmlHook(of) => of.parent(self.doc),
            Value::Any(_) | Value::Subdoc(_) => None,
        }
    }
}

fn check(pair: &mut Pair<'_>, question: &Question) {
    let Question { from, to, name } = question;
    let answer = pair.ask(json!({"do": "read", "from": from, "to": to, "name": name}));
    let types = pair.types();
    let reading = Reading { doc: &pair.ours, types: &types, question };
    let theirs = answer["types"].as_array().unwrap();
    assert_eq!(types.len(), theirs.len());
    for (path, of) in &types {
        let theirs = theirs.iter().find(|theirs| theirs["path"] == *path).unwrap();
        let mut ours = reading.results(of);
        ours["path"] = path.clone();
        ours["parent"] = reading.path(reading.parent(of));
        // A subdocument has no plain form that is comparable.
        let has_subdoc = theirs["json"].to_string().contains(r#"{"$":"doc""#);
        ours["json"] = if has_subdoc { theirs["json"].clone() } else { any(&of.to_json(&pair.ours)) };
        for (what, theirs) in theirs.as_object().unwrap() {
            // In which order keys came up differs between the two; `check_key_orders` compares that.
            let is_by_key = matches!(what.as_str(), "keys" | "values" | "names");
            let [ours, theirs] = [&ours[what], theirs].map(|of| if is_by_key { sorted(of) } else { joined(of) });
            assert_eq!(ours, theirs, "{what} of {path}");
        }
        assert_eq!(ours.as_object().unwrap().len(), theirs.as_object().unwrap().len());
    }
}

fn sorted(values: &Json) -> Json {
    let mut values = joined(values).as_array().unwrap().clone();
    values.sort_by_key(Json::to_string);
    Json::Array(values)
}

fn keys(doc: &Doc, of: &Value) -> Json {
    match of {
        Value::Map(of) => of.keys(doc).collect(),
        Value::XmlHook(of) => of.keys(doc).collect(),
        Value::XmlElement(of) => of.attributes(doc).map(|(name, _)| name).collect(),
        Value::XmlText(of) => of.attributes(doc).map(|(name, _)| name).collect(),
        Value::Text(of) => of.attributes(doc).map(|(name, _)| name).collect(),
        _ => json!([]),
    }
}

/// A new document of each engine that gets the same updates has its keys in the same order.
fn check_key_orders(pair: &mut Pair<'_>, updates: &[Vec<u8>]) {
    let mut options = Options::new(ClientId::from(3));
    options.gc = pair.gc;
    let mut ours = Doc::new(options);
    let roots: Vec<(String, Value)> =
        edits::roots(&mut ours).into_iter().map(|(name, root)| (name.to_string(), root)).collect();
    for update in updates {
        ours.apply_update(update).unwrap();
    }
    let encoded: Vec<String> = updates.iter().map(|update| STANDARD.encode(update)).collect();
    let answer = pair.ask(json!({"do": "keyOrders", "updates": encoded, "gc": pair.gc}));
    for (path, of) in reachable(&ours, &roots) {
        let theirs = answer["types"].as_array().unwrap().iter().find(|theirs| theirs["path"] == path).unwrap();
        assert_eq!(keys(&ours, &of), theirs["keys"], "keys of {path}");
    }
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let how = How { splits: false, narrow: seed.is_multiple_of(3), undoes: false };
    let gc = random.one_in(2);
    let mut pair = Pair::begin(oracle, gc, how);
    let mut updates = Vec::new();
    for _ in 0..12 {
        updates.extend(pair.edit(random));
        let from = random.below(6);
        let names = ["p", "DIV", "x-É", "", "k", "ключ", "hook"];
        let name = names[random.below(names.len() as u32) as usize];
        check(&mut pair, &Question { from, to: from + random.below(6), name });
    }
    check_key_orders(&mut pair, &updates);
    let whole = pair.ours.encode_state_as_update(&StateVector::default());
    check_key_orders(&mut pair, &[whole]);
    check_key_orders(&mut pair, &[merge_updates(&updates.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()]);
}

#[test]
fn all_reading_calls_return_what_those_of_yjs_return() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(40) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
