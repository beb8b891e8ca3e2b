//! y-protocols over a whole document: what to say first, and what follows from a message. No limits, no storage, no
//! connections; a [`Room`](super::Room) has those.

use super::message::Message;
use crate::awareness::Awareness;
use crate::doc::Doc;
use crate::update::decode_state_vector;
use crate::values::Error;

/// What follows from a message: frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// To be sent back to the sender.
    pub reply: Option<Vec<u8>>,
    /// To be sent to everybody, the sender of an awareness update included: what of it was new.
    pub broadcast: Option<Vec<u8>>,
}

/// The message that asks the other side for what we lack: our sync step 1. Both sides begin with it.
pub fn step_1(doc: &Doc) -> Vec<u8> {
    Message::Step1(&doc.encode_state_vector()).encode()
}

/// Carries out a message. (y-protocols: `readSyncMessage`, `applyAwarenessUpdate`) `now_ms` is the awareness' time.
///
/// # Errors
/// A malformed frame, or malformed content of it, or more waiting than the document's limit. Document and awareness
/// are then as they were.
pub fn answer(doc: &mut Doc, awareness: &mut Awareness, frame: &[u8], now_ms: u64) -> Result<Answer, Error> {
    let mut answer = Answer::default();
    match Message::decode(frame)? {
        Message::Step1(vector) => {
            let lacking = doc.encode_state_as_update(&decode_state_vector(vector)?);
            answer.reply = Some(Message::Step2(&lacking).encode());
        }
        Message::Step2(update) | Message::Update(update) => {
            let mut transaction = doc.transact();
            transaction.apply_update(update)?;
            answer.broadcast = transaction.commit().update_v1().map(|news| Message::Update(&news).encode());
        }
        Message::Awareness(update) => {
            let changes = awareness.apply_update(update, now_ms)?;
            if !changes.is_empty() {
                answer.broadcast = Some(Message::Awareness(&awareness.encode_update(changes.all())).encode());
            }
        }
        Message::QueryAwareness => {
            let all = awareness.states().map(|(client, _)| client);
            answer.reply = Some(Message::Awareness(&awareness.encode_update(all)).encode());
        }
        Message::PermissionDenied(_) | Message::Other(_) => {}
    }
    Ok(answer)
}
