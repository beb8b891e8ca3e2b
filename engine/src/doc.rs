//! `Doc`: one replica of a document, and the transactions that change it.

use crate::integrate::{Applied, CleanUp, Pending, Replica, to_v2};
use crate::origin::Origin;
use crate::store::{Store, TypeHandle};
use crate::update::{TypeTag, encode_state_vector, transcode_v2_to_v1};
use crate::values::{ClientId, Error, ErrorKind, Id, IdSet, Pace, StateVector, at_once};
use std::ops::Deref;

/// How a document is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Who writes through this replica. Two replicas that write at the same time need different ids: draw a random
    /// one (of 32 bits, as Yjs does, or up to 53) for each session.
    pub client_id: ClientId,
    /// Whether deleted content is left out of what is encoded, as in Yjs. On by default.
    pub gc: bool,
    /// How many bytes of updates may wait for others that they depend on. 16 MiB by default.
    pub pending_limit_bytes: usize,
}

impl Options {
    /// The defaults, for this writer.
    pub fn new(client_id: ClientId) -> Options {
        Options { client_id, gc: true, pending_limit_bytes: 16 << 20 }
    }
}

/// One replica of a document.
///
/// Two replicas that have applied the same updates, in any order, hold the same content.
///
/// ```
/// use merganser::{ClientId, Doc, Options, StateVector};
///
/// let mut ours = Doc::new(Options::new(ClientId::from(1)));
/// let text = ours.text("note");
/// let mut transaction = ours.transact();
/// text.insert(&mut transaction, 0, "duck")?;
/// let update = transaction.commit().update_v1().expect("something changed");
///
/// let mut theirs = Doc::new(Options::new(ClientId::from(2)));
/// theirs.apply_update(&update)?;
/// let text = theirs.text("note");
/// assert_eq!(text.to_string(&theirs), "duck");
/// assert_eq!(ours.state_vector(), theirs.state_vector());
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Debug)]
pub struct Doc {
    pub(crate) replica: Replica,
    client_id: ClientId,
    /// How many undo managers it has had.
    undo_managers: u32,
}

impl Doc {
    /// An empty document.
    pub fn new(options: Options) -> Doc {
        let replica = Replica::new(options.gc, options.pending_limit_bytes);
        Doc { replica, client_id: options.client_id, undo_managers: 0 }
    }

    /// Who writes through this replica.
    pub fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// Writes under another client id from now on.
    pub fn set_client_id(&mut self, client_id: ClientId) {
        self.client_id = client_id;
    }

    /// Deletes formatting marks that change nothing, after a transaction that left this to be done; `None` if there
    /// was nothing to delete. See [`Commit::clean_up`].
    pub(crate) fn clean_up(&mut self, after: CleanUp) -> Option<Commit<'_>> {
        self.replica.clean_up_formats(after);
        let commit = Commit { doc: self, origin: None, begins_with_update: false, is_local: true };
        (!commit.is_empty()).then_some(commit)
    }

    /// Begins a transaction: edits that are sent as one update.
    pub fn transact(&mut self) -> Transaction<'_> {
        self.replica.begin();
        Transaction { doc: self, origin: None, begins_with_update: false, is_local: true }
    }

    /// Begins a transaction that says where it comes from. (Yjs: `transact(f, origin)`)
    pub fn transact_with(&mut self, origin: impl Into<Origin>) -> Transaction<'_> {
        self.replica.begin();
        Transaction { doc: self, origin: Some(origin.into()), begins_with_update: false, is_local: true }
    }

    /// Applies an update v1 in a transaction of its own. What depends on updates that are missing waits for them.
    /// O(update * log document).
    ///
    /// # Errors
    /// A malformed update, or more waiting than the limit; the document is then as it was.
    pub fn apply_update(&mut self, update: &[u8]) -> Result<Applied, Error> {
        let mut transaction = self.transact();
        let applied = transaction.apply_update(update)?;
        transaction.commit();
        Ok(applied)
    }

    /// Applies several updates v1, as if they were [merged](crate::update::merge_updates) before, in one transaction. A
    /// document that was stored as the updates that came is loaded like this: into an empty one, and from updates of
    /// which each goes on where those before it end, in O(bytes).
    ///
    /// # Errors
    /// As [`apply_update`](Self::apply_update), if any of them is malformed; nothing is applied then.
    ///
    /// ```
    /// use merganser::{ClientId, Doc, Options};
    ///
    /// let mut doc = Doc::new(Options::new(ClientId::from(1)));
    /// let text = doc.text("note");
    /// let mut stored = Vec::new();
    /// for word in ["one ", "two "] {
    ///     let mut transaction = doc.transact();
    ///     text.insert(&mut transaction, 0, word)?;
    ///     stored.extend(transaction.commit().update_v1());
    /// }
    /// let updates: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
    /// let mut loaded = Doc::new(Options::new(ClientId::from(2)));
    /// loaded.apply_updates(&updates)?;
    /// assert_eq!(loaded.text("note").to_string(&loaded), "two one ");
    /// # Ok::<(), merganser::Error>(())
    /// ```
    pub fn apply_updates(&mut self, updates: &[&[u8]]) -> Result<Applied, Error> {
        let mut transaction = self.transact();
        let applied = transaction.apply_updates(updates)?;
        transaction.commit();
        Ok(applied)
    }

    /// The same for an update v2.
    ///
    /// # Errors
    /// As [`apply_update`](Self::apply_update), and
    /// [`convert_update_v2_to_v1`](crate::update::convert_update_v2_to_v1).
    pub fn apply_update_v2(&mut self, update: &[u8]) -> Result<Applied, Error> {
        let mut transaction = self.transact();
        let applied = transaction.apply_update_v2(update)?;
        transaction.commit();
        Ok(applied)
    }

    /// All that a replica with this state vector lacks as an update v1, with all deletes, and with what waits here.
    /// For a whole copy give an empty state vector. O(bytes written + clients).
    pub fn encode_state_as_update(&self, known: &StateVector) -> Vec<u8> {
        self.replica.encode(known)
    }

    /// The same as an update v2, which is smaller and takes longer to read and write.
    pub fn encode_state_as_update_v2(&self, known: &StateVector) -> Vec<u8> {
        self.replica.encode_v2(known)
    }

    /// The document in a form of its own that opens several times quicker than an update is applied; see
    /// [`open_checkpoint`](Self::open_checkpoint). It holds what an update of the whole document holds, and what waits;
    /// nothing of undo managers. With garbage collection on, deleted text and values are left out where that makes it
    /// smaller. O(document), with a logarithm for its runs.
    pub fn checkpoint(&self) -> Vec<u8> {
        at_once(self.replica.write_checkpoint(&Pace::AT_ONCE))
    }

    /// The same in steps.
    pub(crate) async fn checkpoint_in_steps(&self, pace: &Pace) -> Vec<u8> {
        self.replica.write_checkpoint(pace).await
    }

    /// A document out of a checkpoint. O(bytes).
    ///
    /// A checkpoint is for who wrote it, and can be made again from updates: keep it beside them, not instead. Damage is
    /// found. What somebody forged is refused where it contradicts itself, but may hold content that no updates lead to.
    ///
    /// # Errors
    /// `DamagedRow` for bytes that are no whole checkpoint, `NewerVersion` for one of a later version of the program, or
    /// more waiting than the limit.
    ///
    /// ```
    /// use merganser::{ClientId, Doc, Options};
    ///
    /// let mut doc = Doc::new(Options::new(ClientId::from(1)));
    /// let text = doc.text("note");
    /// let mut transaction = doc.transact();
    /// text.insert(&mut transaction, 0, "merganser")?;
    /// transaction.commit();
    ///
    /// let opened = Doc::open_checkpoint(Options::new(ClientId::from(2)), &doc.checkpoint())?;
    /// assert_eq!(opened.state_vector(), doc.state_vector());
    /// # Ok::<(), merganser::Error>(())
    /// ```
    pub fn open_checkpoint(options: Options, checkpoint: &[u8]) -> Result<Doc, Error> {
        at_once(Doc::load_in_steps(options, Some(checkpoint), &[], &Pace::AT_ONCE))
    }

    /// A document out of a checkpoint, if there is one, and of updates of which each needs nothing but what is before it; in
    /// steps.
    ///
    /// # Errors
    /// As [`open_checkpoint`](Self::open_checkpoint) and [`apply_update`](Self::apply_update).
    pub(crate) async fn load_in_steps(
        options: Options,
        checkpoint: Option<&[u8]>,
        updates: &[&[u8]],
        pace: &Pace,
    ) -> Result<Doc, Error> {
        let (collects, limit) = (options.gc, options.pending_limit_bytes);
        let mut replica = match checkpoint {
            Some(checkpoint) => Replica::open_checkpoint(collects, limit, checkpoint, pace).await?,
            None => Replica::new(collects, limit),
        };
        replica.apply_in_steps(updates, pace).await?;
        replica.begin();
        Ok(Doc { replica, client_id: options.client_id, undo_managers: 0 })
    }

    /// How much of each client's writing is here; what waits doesn't count.
    pub fn state_vector(&self) -> StateVector {
        self.store().state_vector()
    }

    /// The state vector in bytes.
    pub fn encode_state_vector(&self) -> Vec<u8> {
        encode_state_vector(&self.state_vector())
    }

    /// Which units are deleted.
    pub fn delete_set(&self) -> IdSet {
        self.store().delete_set()
    }

    /// Keeps the content of units that are known here from being collected, once they are deleted or if they are: it
    /// goes on being part of what is encoded. Of what lies in a shared type keep the type, too. Counted: each call is
    /// to be taken back by itself. O(ranges * log ranges kept). (Yjs: `gcFilter`)
    pub fn keep(&mut self, units: &IdSet) {
        for (client, range) in units.iter() {
            if let Some(handle) = self.store().find_client(client) {
                let end = range.end.min(self.store().log(handle).end());
                self.store_mut().kept.keep(handle, range.start.min(end)..end);
            }
        }
    }

    /// Takes back one [`keep`](Self::keep) of the same units.
    pub fn release(&mut self, units: &IdSet) {
        for (client, range) in units.iter() {
            if let Some(handle) = self.store().find_client(client) {
                self.store_mut().kept.release(handle, range);
            }
        }
    }

    /// Units that arrived and wait for what they depend on.
    pub fn pending_structs(&self) -> IdSet {
        self.pending().ranges()
    }

    /// Deletes that arrived before what they delete.
    pub fn pending_deletes(&self) -> &IdSet {
        self.pending().deletes()
    }

    /// The units that are waited for, one for each client of which something waits.
    pub fn missing(&self) -> impl Iterator<Item = Id> + '_ {
        self.pending().missing()
    }

    /// Panics if the document contradicts itself. O(document) and slow; for tests and fuzzing.
    pub fn assert_invariants(&self) {
        self.replica.assert_invariants();
    }

    /// A number that no undo manager of this document had.
    pub(crate) fn number_undo_manager(&mut self) -> u32 {
        self.undo_managers += 1;
        self.undo_managers
    }

    pub(crate) fn store(&self) -> &Store {
        &self.replica.store
    }

    pub(crate) fn store_mut(&mut self) -> &mut Store {
        &mut self.replica.store
    }

    fn pending(&self) -> &Pending {
        &self.replica.pending
    }

    /// Checks that a handle names a type of this document of one of these kinds.
    pub(crate) fn check_type(&self, handle: TypeHandle, tags: &[TypeTag]) -> Result<(), Error> {
        let types = &self.store().types;
        let tag = if (handle as usize) < types.len() { types.get(handle).tag } else { None };
        match tag {
            Some(tag) if tags.contains(&tag) => Ok(()),
            _ => Err(ErrorKind::WrongType.into()),
        }
    }
}

/// Edits that belong together. It reads like the document; dropping it keeps what was done.
#[derive(Debug)]
pub struct Transaction<'d> {
    doc: &'d mut Doc,
    origin: Option<Origin>,
    /// Whether an update was its first change; an undo manager takes it for somebody else's then.
    begins_with_update: bool,
    /// Whether no update was applied in it.
    is_local: bool,
}

impl<'d> Transaction<'d> {
    /// Applies an update v1 as part of this transaction, which is no local one any more; see [`Doc::apply_update`].
    ///
    /// # Errors
    /// A malformed update, or more waiting than the limit; the document is then as it was before this call.
    pub fn apply_update(&mut self, update: &[u8]) -> Result<Applied, Error> {
        self.apply_with(|replica| replica.apply(update))
    }

    /// Applies several updates v1 as part of this transaction; see [`Doc::apply_updates`].
    ///
    /// # Errors
    /// If any of them is malformed; the document is then as it was before this call.
    pub fn apply_updates(&mut self, updates: &[&[u8]]) -> Result<Applied, Error> {
        self.apply_with(|replica| replica.apply_all(updates))
    }

    fn apply_with(&mut self, apply: impl FnOnce(&mut Replica) -> Result<Applied, Error>) -> Result<Applied, Error> {
        let is_first = self.doc.replica.changes.is_empty();
        let applied = apply(&mut self.doc.replica)?;
        self.begins_with_update |= is_first && applied.changed;
        self.is_local = false;
        Ok(applied)
    }

    /// Applies an update v2 as part of this transaction; see [`Doc::apply_update_v2`].
    ///
    /// # Errors
    /// The same; the document is then as it was before this call.
    pub fn apply_update_v2(&mut self, update: &[u8]) -> Result<Applied, Error> {
        // What is found wrong with the contents has its place in v1, of no use to whoever has v2.
        let placed = |error: Error| match error.kind {
            ErrorKind::PendingLimit | ErrorKind::TooLarge => error,
            kind => Error::at(kind, update.len()),
        };
        self.apply_update(&transcode_v2_to_v1(update)?).map_err(placed)
    }

    /// Ends the transaction and tells what it changed.
    pub fn commit(self) -> Commit<'d> {
        let Transaction { doc, origin, begins_with_update, is_local } = self;
        Commit { doc, origin, begins_with_update, is_local }
    }

    /// The replica.
    pub(crate) fn replica(&mut self) -> &mut Replica {
        &mut self.doc.replica
    }

    /// The replica, and the handle of its own writer.
    pub(crate) fn author(&mut self) -> (&mut Replica, u32) {
        let client = self.doc.replica.store.client(self.doc.client_id);
        (&mut self.doc.replica, client)
    }
}

impl Deref for Transaction<'_> {
    type Target = Doc;

    fn deref(&self) -> &Doc {
        self.doc
    }
}

/// What a finished transaction changed.
#[derive(Debug)]
pub struct Commit<'d> {
    doc: &'d mut Doc,
    origin: Option<Origin>,
    begins_with_update: bool,
    is_local: bool,
}

impl<'d> Commit<'d> {
    pub(crate) fn doc(&self) -> &Doc {
        self.doc
    }

    /// The store, for what is noted about the transaction and changes no content.
    pub(crate) fn store_mut(&mut self) -> &mut Store {
        self.doc.store_mut()
    }

    /// Where the transaction said that it comes from.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Whether no update of somebody else was applied in it. (Yjs: `transaction.local`)
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether an update of somebody else was the first change.
    pub(crate) fn begins_with_update(&self) -> bool {
        self.begins_with_update
    }

    /// After changes of others: deletes formatting marks of the texts concerned that change nothing any more, in a
    /// local transaction of its own, as Yjs does it of its own accord. What it deletes has to be sent to the others
    /// like any edit. `None` if there was nothing to delete. A program that must author nothing, such as a server,
    /// does not call it.
    ///
    /// O(changes * log document + spans of the gaps between visible characters where something changed).
    /// (Yjs: `cleanupYTextAfterTransaction`)
    ///
    /// ```
    /// use merganser::{Any, ClientId, Doc, Options};
    ///
    /// let mut doc = Doc::new(Options::new(ClientId::from(1)));
    /// let text = doc.text("note");
    /// text.insert(&mut doc.transact(), 0, "a duck")?;
    /// let mut other = Doc::new(Options::new(ClientId::from(2)));
    /// let other_text = other.text("note");
    /// other.apply_update(&doc.encode_state_as_update(&Default::default()))?;
    ///
    /// // While one makes a word bold, the other deletes it.
    /// text.format(&mut doc.transact(), 2, 4, &[("bold".into(), Any::Bool(true))])?;
    /// let mut transaction = other.transact();
    /// other_text.delete(&mut transaction, 2, 4)?;
    /// let deleted = transaction.commit().update_v1().unwrap();
    ///
    /// let mut transaction = doc.transact();
    /// transaction.apply_update(&deleted)?;
    /// let cleaned = transaction.commit().clean_up().expect("nothing is left to be bold");
    /// assert!(cleaned.update_v1().is_some());
    /// # Ok::<(), merganser::Error>(())
    /// ```
    pub fn clean_up(self) -> Option<Commit<'d>> {
        let changes = self.changes_to_clean_up()?;
        self.doc.clean_up(changes)
    }

    /// What is to be cleaned up after it; for [`Doc::clean_up`].
    pub(crate) fn changes_to_clean_up(&self) -> Option<CleanUp> {
        if self.is_local { None } else { self.doc.replica.changes_to_clean_up() }
    }

    /// Whether an update of somebody else brought units of this replica's own client id: another writer uses the same.
    /// Each then overwrites the other; draw a new id at once ([`Doc::set_client_id`]), as Yjs does.
    pub fn is_client_id_taken(&self) -> bool {
        let store = self.doc.store();
        let own = store.find_client(self.doc.client_id);
        !self.is_local && own.is_some_and(|own| store.log(own).changed_from.is_some())
    }

    /// Which units it deleted, of its own additions too. O(deleted ranges). (Yjs: `transaction.deleteSet`)
    pub fn delete_set(&self) -> IdSet {
        let replica = &self.doc.replica;
        replica.deleted().map(|(client, range)| (replica.store.log(client).client, range)).collect()
    }

    /// Whether anything changed.
    pub fn is_empty(&self) -> bool {
        self.doc.replica.changes.is_empty()
    }

    /// The changes as an update v1; `None` if there are none.
    pub fn update_v1(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.write_update_v1(&mut out).then_some(out)
    }

    /// The changes as an update v2; `None` if there are none.
    pub fn update_v2(&self) -> Option<Vec<u8>> {
        self.update_v1().map(|update| to_v2(&update))
    }

    /// Appends the changes as an update v1 to a buffer of the caller's; `false` if there are none.
    pub fn write_update_v1(&self, out: &mut Vec<u8>) -> bool {
        if self.is_empty() {
            return false;
        }
        self.doc.replica.write_changes(out);
        true
    }
}

#[cfg(all(test, feature = "followers"))]
mod tests {
    use super::{Doc, Options};
    use crate::values::random::numbers;
    use crate::values::{ClientId, Steps};
    use crate::{Any, Prelim};

    /// A document of several writers with text, formats, maps, nested types, deletes; and the updates that it came in.
    fn random_document(seed: u32) -> (Doc, Vec<Vec<u8>>) {
        let mut below = numbers(seed);
        let mut docs: Vec<Doc> = (1..4).map(|client| Doc::new(Options::new(ClientId::new(client)))).collect();
        let mut updates = Vec::new();
        for _ in 0..60 {
            let doc = &mut docs[below(3) as usize];
            let (text, map) = (doc.text("text"), doc.map("map"));
            let len = text.len(doc);
            let mut transaction = doc.transact();
            // A place inside a surrogate pair is refused.
            let _edited = match below(6) {
                0 if len > 4 => text.delete(&mut transaction, below(len - 3), 3),
                1 if len > 4 => text.format(&mut transaction, below(len - 3), 3, &[("bold".into(), Any::Bool(true))]),
                2 => map.set(&mut transaction, ["a", "b"][below(2) as usize], "value"),
                3 => map.set(&mut transaction, "inner", Prelim::Text("nested".into())),
                4 => text.insert(&mut transaction, below(len + 1), "\u{1f986} duck"),
                _ => text.insert(&mut transaction, below(len + 1), "merganser"),
            };
            let Some(update) = transaction.commit().update_v1() else { continue };
            for doc in &mut docs {
                doc.apply_update(&update).expect("an update");
            }
            updates.push(update);
        }
        (docs.remove(0), updates)
    }

    #[test]
    fn a_document_in_steps_is_that_at_once() {
        for seed in 0..40 {
            let (doc, updates) = random_document(seed);
            let whole = doc.encode_state_as_update(&Default::default());
            let cases = [(None, vec![whole]), (None, updates), (Some(doc.checkpoint()), Vec::new())];
            for (checkpoint, updates) in cases {
                let options = Options::new(ClientId::new(9));
                let mut expected = match &checkpoint {
                    Some(checkpoint) => Doc::open_checkpoint(options.clone(), checkpoint).expect("a checkpoint"),
                    None => Doc::new(options.clone()),
                };
                expected.apply_updates(&updates.iter().map(|update| &update[..]).collect::<Vec<_>>()).expect("updates");
                let expected = expected.checkpoint();
                let mut load = Steps::new(async move |pace| {
                    let updates: Vec<&[u8]> = updates.iter().map(|update| &update[..]).collect();
                    Doc::load_in_steps(options, checkpoint.as_deref(), &updates, &pace).await
                });
                let loaded = (0..100_000).find_map(|_| load.go_on(1).0).expect("it ends").expect("an update");
                loaded.assert_invariants();
                let mut write = Steps::new(async move |pace| loaded.checkpoint_in_steps(&pace).await);
                let (outcome, _) = write.go_on(1);
                assert_eq!(outcome, None, "seed {seed}: it stops");
                assert_eq!((0..100_000).find_map(|_| write.go_on(1).0), Some(expected.clone()), "seed {seed}");
            }
        }
    }
}
