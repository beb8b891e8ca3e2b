//! Who wrote and who deleted what, kept in a map of the document. (Yjs: `PermanentUserData`)

use crate::doc::{Doc, Transaction};
use crate::lib0::Reader;
use crate::types::{Array, Map, Prelim, Value};
use crate::update::{read_delete_set, write_delete_set};
use crate::values::{Any, ClientId, Error, Id, IdSet};
use std::collections::BTreeMap;

/// Which client ids a user has written under, and what each user has deleted, as the document keeps it: real Yjs reads
/// and writes the same map (`PermanentUserData`, by default the root map `users`).
///
/// It listens to nothing. The program notes the deletes of its own transactions, and reads what others have noted
/// before it looks something up.
///
/// ```
/// use merganser::history::UserData;
/// use merganser::{ClientId, Doc, Options};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(7)));
/// let (text, map) = (doc.text("note"), doc.map("users"));
/// let mut users = UserData::new(&doc, map);
/// users.add_client(&mut doc.transact(), "Ada", ClientId::from(7))?;
/// text.insert(&mut doc.transact(), 0, "a duck")?;
///
/// let mut transaction = doc.transact();
/// text.delete(&mut transaction, 0, 2)?;
/// let deleted = transaction.commit().delete_set();
/// users.add_deletes(&mut doc.transact(), "Ada", &deleted)?;
///
/// users.read(&doc);
/// let gone = deleted.iter().next().map(|(client, clocks)| merganser::Id::new(client, clocks.start)).unwrap();
/// assert_eq!(users.user_of_client(ClientId::from(7)), Some("Ada"));
/// assert_eq!(users.user_of_deleted(gone), Some("Ada"));
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UserData {
    map: Map,
    clients: BTreeMap<ClientId, Box<str>>,
    /// What each user deleted, in the order in which the users came up.
    deletes: Vec<(Box<str>, IdSet)>,
}

/// The keys of a user's entry.
const IDS: &str = "ids";
const DELETES: &str = "ds";

impl UserData {
    /// What a map of the document holds. O(what it holds).
    pub fn new(doc: &Doc, map: Map) -> UserData {
        let mut users = UserData { map, clients: BTreeMap::new(), deletes: Vec::new() };
        users.read(doc);
        users
    }

    /// Takes in what the map holds now. What was known stays known, also if somebody has replaced a user's entry since.
    /// What Yjs would not have written there is passed over. O(what it holds).
    pub fn read(&mut self, doc: &Doc) {
        for (user, entry) in self.map.entries(doc) {
            let Value::Map(entry) = entry else { continue };
            for client in list(doc, entry, IDS).iter().flat_map(|ids| ids.iter(doc)).filter_map(client) {
                self.clients.insert(client, user.into());
            }
            let noted = list(doc, entry, DELETES).into_iter().flat_map(|deletes| deletes.iter(doc));
            let sets: Vec<IdSet> = noted.filter_map(delete_set).collect();
            let deletes = self.deletes_of(user);
            *deletes = std::mem::take(deletes).iter().chain(sets.iter().flat_map(IdSet::iter)).collect();
        }
    }

    /// Who writes under a client id, as far as was [read](Self::read). O(log clients). (Yjs: `getUserByClientId`)
    pub fn user_of_client(&self, client: ClientId) -> Option<&str> {
        self.clients.get(&client).map(|user| &**user)
    }

    /// Who deleted a unit, as far as was [read](Self::read); of several the one who came up first.
    /// O(users * log ranges). (Yjs: `getUserByDeletedId`)
    pub fn user_of_deleted(&self, id: Id) -> Option<&str> {
        self.deletes.iter().find(|(_, deletes)| deletes.contains(id)).map(|(user, _)| &**user)
    }

    fn deletes_of(&mut self, user: &str) -> &mut IdSet {
        let known = self.deletes.iter().position(|(of, _)| **of == *user);
        let at = known.unwrap_or_else(|| {
            self.deletes.push((user.into(), IdSet::default()));
            self.deletes.len() - 1
        });
        &mut self.deletes[at].1
    }

    /// Notes that a user writes under a client id. (Yjs: `setUserMapping`)
    ///
    /// # Errors
    /// The map is one of another document.
    pub fn add_client(&mut self, transaction: &mut Transaction<'_>, user: &str, client: ClientId) -> Result<(), Error> {
        let entry = self.entry(transaction, user)?;
        self.clients.insert(client, user.into());
        push(transaction, entry, IDS, Any::Number(client.value() as f64))
    }

    /// Notes what a user deleted, such as the [`delete_set`](crate::Commit::delete_set) of a local transaction.
    ///
    /// # Errors
    /// The map is one of another document.
    pub fn add_deletes(&mut self, transaction: &mut Transaction<'_>, user: &str, deletes: &IdSet) -> Result<(), Error> {
        if deletes.is_empty() {
            return Ok(());
        }
        let entry = self.entry(transaction, user)?;
        self.deletes_of(user).merge(deletes);
        let mut bytes = Vec::new();
        write_delete_set(&mut bytes, deletes);
        push(transaction, entry, DELETES, Any::Bytes(bytes.into()))
    }

    /// Writes what is known of a user and is not in the map: where the user began on two replicas that did not know of
    /// each other, one of the two entries wins, and what the other held has to be written into it by those who know.
    /// Nothing is written if nothing lacks. O(what the map holds).
    ///
    /// # Errors
    /// The map is one of another document.
    pub fn restore(&mut self, transaction: &mut Transaction<'_>, user: &str) -> Result<(), Error> {
        let mut present = UserData::new(transaction, self.map);
        let lacks =
            |client: &ClientId| self.user_of_client(*client) == Some(user) && !present.clients.contains_key(client);
        let clients: Vec<ClientId> = self.clients.keys().copied().filter(lacks).collect();
        clients.into_iter().try_for_each(|client| self.add_client(transaction, user, client))?;
        let deletes = self.deletes_of(user).difference(present.deletes_of(user));
        self.add_deletes(transaction, user, &deletes)
    }

    /// The entry of a user, which is begun if there is none.
    fn entry(&self, transaction: &mut Transaction<'_>, user: &str) -> Result<Map, Error> {
        if !matches!(self.map.get(transaction, user), Some(Value::Map(_))) {
            let empty = || Prelim::Array(Vec::new());
            let entry = Prelim::Map(vec![(IDS.into(), empty()), (DELETES.into(), empty())]);
            self.map.set(transaction, user, entry)?;
        }
        match self.map.get(transaction, user) {
            Some(Value::Map(entry)) => Ok(entry),
            _ => unreachable!("the entry was just set"),
        }
    }
}

fn list(doc: &Doc, entry: Map, key: &str) -> Option<Array> {
    match entry.get(doc, key) {
        Some(Value::Array(list)) => Some(list),
        _ => None,
    }
}

/// Appends to a list of an entry, which is begun if the entry has none.
fn push(transaction: &mut Transaction<'_>, entry: Map, key: &str, value: Any) -> Result<(), Error> {
    match list(transaction, entry, key) {
        Some(list) => list.push(transaction, vec![value.into()]),
        None => entry.set(transaction, key, Prelim::Array(vec![value.into()])),
    }
}

fn delete_set(value: Value) -> Option<IdSet> {
    let Value::Any(Any::Bytes(bytes)) = value else { return None };
    read_delete_set(&mut Reader::new(&bytes)).ok()
}

fn client(value: Value) -> Option<ClientId> {
    let Value::Any(Any::Number(number)) = value else { return None };
    let is_id = number >= 0.0 && number.fract() == 0.0 && number <= ClientId::MAX.value() as f64;
    is_id.then(|| ClientId::new(number as u64))
}
