//! The documents that are open, by name.

use crate::document::{Document, Surroundings};
use crate::event::{Answer, Asked, Client, Event};
use crate::outgoing::Outgoing;
use bytes::Bytes;
use merganser::ot::Subject;
use merganser::sync::{CloseReason, ConnectionId, close};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Bytes of messages that may wait for a document's task, at least; senders wait beyond it.
const WAITING_BYTES: usize = 32 << 20;

/// The table of open documents. A document is in it from its first connection until it is idle.
#[derive(Debug)]
pub struct Rooms {
    open: Mutex<Open>,
    around: Surroundings,
    last_connection: AtomicU64,
}

#[derive(Debug, Default)]
struct Open {
    documents: HashMap<Box<str>, Inbox>,
    /// Documents that come or go as a whole: nobody is let in.
    moving: HashSet<Box<str>>,
    is_shutting_down: bool,
}

/// The way into a document's task.
#[derive(Clone, Debug)]
struct Inbox {
    events: UnboundedSender<Event>,
    waiting: Arc<Semaphore>,
}

impl Rooms {
    /// A table with no document in it.
    pub fn new(around: Surroundings) -> Arc<Self> {
        Arc::new(Rooms { open: Mutex::default(), around, last_connection: AtomicU64::new(0) })
    }

    /// Connects a client to the document of this name, which is opened if it is not open.
    ///
    /// # Errors
    /// While the server is about to end.
    pub fn connect(self: &Arc<Self>, name: &str, client: Client, outgoing: Arc<Outgoing>) -> Result<Seat, CloseReason> {
        let connection = self.take_number();
        let mut open = self.lock();
        let inbox = self.inbox(&mut open, name)?;
        // Sent under the lock, so that a document that has become idle sees it before it leaves the table.
        inbox.events.send(Event::Connect { connection, client, outgoing }).ok();
        Ok(Seat { connection, inbox })
    }

    /// Asks the document of this name, which is opened if it is not open. Waits while too much waits there. `None` if there
    /// is no answer: the server is about to end, or the document can't be had now.
    pub async fn request(self: &Arc<Self>, name: &str, subject: Subject, asked: Asked) -> Option<Answer> {
        let size = u32::try_from(asked.bytes()).unwrap_or(u32::MAX);
        let mut permit = None;
        let (_seat, answer) = loop {
            let waiting = {
                let mut open = self.lock();
                let inbox = self.inbox(&mut open, name).ok()?;
                match permit_of(&inbox, permit.take(), size) {
                    Some(permit) => break self.ask(inbox, subject, asked, permit),
                    None => inbox.waiting,
                }
            };
            permit = Some(waiting.acquire_many_owned(size).await.ok()?);
        };
        answer.await.ok()
    }

    /// To be called under the lock, for the reason above.
    fn ask(
        &self,
        inbox: Inbox,
        subject: Subject,
        asked: Asked,
        permit: OwnedSemaphorePermit,
    ) -> (Seat, oneshot::Receiver<Answer>) {
        let connection = self.take_number();
        let (answer, answered) = oneshot::channel();
        inbox.events.send(Event::Request { connection, subject, asked, answer, permit }).ok();
        (Seat { connection, inbox }, answered)
    }

    fn inbox(self: &Arc<Self>, open: &mut Open, name: &str) -> Result<Inbox, CloseReason> {
        if open.is_shutting_down {
            return Err(close::SHUTTING_DOWN);
        }
        if open.moving.contains(name) {
            return Err(close::REPLACED);
        }
        if let Some(inbox) = open.documents.get(name) {
            return Ok(inbox.clone());
        }
        let inbox = self.open_document(name);
        open.documents.insert(name.into(), inbox.clone());
        Ok(inbox)
    }

    fn take_number(&self) -> ConnectionId {
        self.last_connection.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn open_document(self: &Arc<Self>, name: &str) -> Inbox {
        let (events, inbox) = unbounded_channel();
        let most_bytes = WAITING_BYTES.max(self.around.config.limits.message_bytes * 2);
        let document = Document::open(name, self.clone(), self.around.clone(), inbox, events.clone());
        tokio::spawn(document.run());
        Inbox { events, waiting: Arc::new(Semaphore::new(most_bytes.min(Semaphore::MAX_PERMITS))) }
    }

    /// Takes a document away from all its clients, who are closed with this reason; none is let in until the returned value is
    /// dropped. What the document has handed to the store before stays in order. `None` if that is going on already, or
    /// the server is about to end.
    pub async fn take_away(self: &Arc<Self>, name: &str, reason: CloseReason) -> Option<Taken> {
        let (done, gone) = oneshot::channel();
        let taken = {
            let mut open = self.lock();
            if open.is_shutting_down || !open.moving.insert(name.into()) {
                return None;
            }
            match open.documents.remove(name) {
                Some(inbox) => drop(inbox.events.send(Event::TakeAway(reason, done))),
                None => drop(done),
            }
            Taken { rooms: self.clone(), name: name.into() }
        };
        // Dropped by the task as it ends.
        gone.await.ok();
        Some(taken)
    }

    /// Takes an idle document out of the table, unless something has just come for it.
    pub fn remove_idle(&self, name: &str, inbox: &UnboundedReceiver<Event>) -> bool {
        let mut open = self.lock();
        // One that is being taken away is not in the table any more, and another one may be.
        let is_idle = inbox.is_empty();
        if is_idle {
            open.documents.remove(name);
        }
        is_idle
    }

    /// Takes a document out of the table whose task has failed.
    pub fn remove_failed(&self, name: &str, events: &UnboundedSender<Event>) {
        let mut open = self.lock();
        if open.documents.get(name).is_some_and(|inbox| inbox.events.same_channel(events)) {
            open.documents.remove(name);
        }
    }

    /// Tells every document that the server is about to end; no connection is taken any more.
    pub fn shut_down(&self) {
        let mut open = self.lock();
        open.is_shutting_down = true;
        for inbox in open.documents.values() {
            inbox.events.send(Event::ShutDown).ok();
        }
    }

    /// Number of open documents.
    pub fn count(&self) -> usize {
        self.lock().documents.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A document that nobody is let into.
#[derive(Debug)]
pub struct Taken {
    rooms: Arc<Rooms>,
    name: Box<str>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.rooms.lock().moving.remove(&self.name);
    }
}

/// The right to hand in so many bytes: what was waited for, if the document is still the same one, or what is free now.
/// A document that was just opened has enough, so that nobody waits for one that leaves the table meanwhile.
fn permit_of(inbox: &Inbox, waited: Option<OwnedSemaphorePermit>, size: u32) -> Option<OwnedSemaphorePermit> {
    waited
        .filter(|permit| Arc::ptr_eq(permit.semaphore(), &inbox.waiting))
        .or_else(|| inbox.waiting.clone().try_acquire_many_owned(size).ok())
}

/// A connection's place in a document; it is given up when this is dropped.
#[derive(Debug)]
pub struct Seat {
    connection: ConnectionId,
    inbox: Inbox,
}

impl Seat {
    /// Hands a message of the connection to the document. Waits while too much waits there.
    pub async fn receive(&self, message: Bytes) {
        let size = u32::try_from(message.len()).unwrap_or(u32::MAX);
        // The semaphore is never closed, and a task that failed has closed its connections.
        if let Ok(permit) = self.inbox.waiting.clone().acquire_many_owned(size).await {
            let event = Event::Message { connection: self.connection, bytes: message, permit };
            self.inbox.events.send(event).ok();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inbox.events.send(Event::Disconnect(self.connection)).ok();
    }
}
