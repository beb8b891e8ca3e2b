//! A document of ours and one of real Yjs that are edited concurrently and kept equal.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::edits::{How, edit, roots};
use crate::history::Both;
use crate::notation::{Random, reachable};
use crate::oracle::{Oracle, authored};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::{ClientId, Doc, Options, Value};
use serde_json::{Value as Json, json};

/// Both documents.
pub struct Pair<'o> {
    oracle: &'o mut Oracle,
    pub ours: Doc,
    theirs: u64,
    /// Whether both leave deleted content out.
    pub gc: bool,
    pub how: How,
}

impl<'o> Pair<'o> {
    /// Two empty documents.
    pub fn begin(oracle: &'o mut Oracle, gc: bool, how: How) -> Pair<'o> {
        oracle.ask(json!({"do": "reset"}));
        let opened = oracle.ask(json!({"do": "open", "client": 7, "gc": gc, "undoes": false}));
        let mut options = Options::new(ClientId::from(5));
        options.gc = gc;
        let mut ours = Doc::new(options);
        roots(&mut ours);
        Pair { oracle, ours, theirs: opened["doc"].as_u64().unwrap(), gc, how }
    }

    /// A question about Yjs' document.
    pub fn ask(&mut self, mut request: Json) -> Json {
        request["doc"] = json!(self.theirs);
        self.oracle.ask(request)
    }

    /// Every shared type that can be reached, with its path.
    pub fn types(&mut self) -> Vec<(Json, Value)> {
        let roots: Vec<(String, Value)> =
            roots(&mut self.ours).into_iter().map(|(name, root)| (name.to_string(), root)).collect();
        reachable(&self.ours, &roots)
    }

    /// Compares both with a function that is given the oracle and every type that can be reached.
    pub fn both(&mut self, compare: impl FnOnce(&Both<'_>, &mut Oracle, &[(Json, Value)])) {
        let types = self.types();
        let (yjs, gc, splits) = (json!(self.theirs), self.gc, self.how.splits);
        compare(&Both { ours: &self.ours, yjs: &yjs, gc, splits }, self.oracle, &types);
    }

    /// A few transactions on both sides that do not know of each other, and then an exchange of all; the updates.
    pub fn edit(&mut self, random: &mut Random) -> Vec<Vec<u8>> {
        let mut from_ours: Vec<Vec<u8>> = Vec::new();
        let mut from_theirs: Vec<Vec<u8>> = Vec::new();
        for _ in 0..1 + random.below(4) {
            if random.one_in(2) {
                from_ours.extend(edit(&mut self.ours, random, self.how));
            } else {
                let how = json!({"splits": self.how.splits, "narrow": self.how.narrow});
                let answer = self.ask(json!({"do": "edit", "seed": random.below(u32::MAX), "how": how}));
                from_theirs.extend(authored(&answer));
            }
        }
        for update in &from_ours {
            let answer = self.ask(json!({"do": "apply", "update": STANDARD.encode(update)}));
            // Yjs cleans formats up after what comes from elsewhere.
            from_theirs.extend(authored(&answer));
        }
        for update in &from_theirs {
            self.ours.apply_update(update).unwrap();
        }
        self.ours.assert_invariants();
        from_ours.into_iter().chain(from_theirs).collect()
    }
}
