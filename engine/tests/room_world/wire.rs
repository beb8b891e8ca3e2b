//! The messages of y-protocols as a client writes and reads them.

use merganser::lib0::{Reader, write_bytes, write_string, write_var_uint};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Step1(Vec<u8>),
    Step2(Vec<u8>),
    Update(Vec<u8>),
    Awareness(Vec<u8>),
    Denied(String),
    QueryAwareness,
}

impl Message {
    pub fn encode(&self) -> Vec<u8> {
        let (head, bytes): (&[u8], &[u8]) = match self {
            Message::Step1(vector) => (&[0, 0], vector),
            Message::Step2(update) => (&[0, 1], update),
            Message::Update(update) => (&[0, 2], update),
            Message::Awareness(update) => (&[1], update),
            Message::Denied(reason) => (&[2, 0], reason.as_bytes()),
            Message::QueryAwareness => return vec![3],
        };
        let mut out = head.to_vec();
        write_bytes(&mut out, bytes);
        out
    }

    /// Reads what a server sent: one whole message and nothing behind it, else the test fails.
    pub fn decode(frame: &[u8]) -> Message {
        let from = &mut Reader::new(frame);
        let bytes = |from: &mut Reader<'_>| from.read_bytes().expect("a whole message").to_vec();
        let message = match from.read_var_uint().expect("a message") {
            0 => match from.read_var_uint().expect("a sync message") {
                0 => Message::Step1(bytes(from)),
                1 => Message::Step2(bytes(from)),
                2 => Message::Update(bytes(from)),
                other => panic!("sync message {other}"),
            },
            1 => Message::Awareness(bytes(from)),
            2 => {
                assert_eq!(from.read_var_uint(), Ok(0), "the only auth message says that something is denied");
                Message::Denied(String::from_utf8(bytes(from)).expect("text"))
            }
            3 => Message::QueryAwareness,
            other => panic!("message {other}"),
        };
        from.expect_end().expect("one message in a frame");
        message
    }
}

/// Awareness as one side knows it: clock and state (JSON) of each client; clocks outlive their states.
#[derive(Clone, Debug, Default)]
pub struct Awareness {
    pub clocks: BTreeMap<u64, u32>,
    pub states: BTreeMap<u64, String>,
}

impl Awareness {
    /// The update that shows these clients. (y-protocols: `encodeAwarenessUpdate`)
    pub fn encode(&self, clients: &[u64]) -> Vec<u8> {
        let state = |client: &u64| self.states.get(client).map_or("null", String::as_str);
        let entry = |client: &u64| (*client, self.clocks.get(client).copied().unwrap_or(0), state(client));
        awareness_update(&clients.iter().map(entry).collect::<Vec<_>>())
    }

    /// Takes an update; returns the clients that changed. (y-protocols: `applyAwarenessUpdate`)
    pub fn apply(&mut self, own: u64, update: &[u8]) -> Vec<u64> {
        let mut changed = Vec::new();
        for (client, clock, state) in awareness_entries(update) {
            let known = self.clocks.get(&client).copied().unwrap_or(0);
            let removes = state == "null";
            if clock < known || clock == known && !(removes && self.states.contains_key(&client)) {
                continue;
            }
            if removes && client == own && self.states.contains_key(&own) {
                // Nobody else takes away our own state: it is shown again.
                self.clocks.insert(client, clock + 1);
            } else {
                self.clocks.insert(client, clock);
                if removes {
                    self.states.remove(&client);
                } else {
                    self.states.insert(client, state);
                }
            }
            changed.push(client);
        }
        changed
    }
}

pub fn awareness_update(entries: &[(u64, u32, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    write_var_uint(&mut out, entries.len() as u64);
    for (client, clock, state) in entries {
        write_var_uint(&mut out, *client);
        write_var_uint(&mut out, (*clock).into());
        write_string(&mut out, state);
    }
    out
}

pub fn awareness_entries(update: &[u8]) -> Vec<(u64, u32, String)> {
    let mut from = Reader::new(update);
    let mut read = || -> Result<_, merganser::Error> {
        let count = from.read_count(3)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push((from.read_client()?.value(), from.read_clock()?, from.read_string()?.to_string()));
        }
        from.expect_end()?;
        Ok(entries)
    };
    read().expect("an awareness update")
}
