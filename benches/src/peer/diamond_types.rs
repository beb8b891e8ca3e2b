//! `diamond-types` as a peer: an operation log and a rope. It keeps no order of the text and works it out when it merges.

use super::{Form, Frames, Peer, Supported, Unsupported};
use crate::trace::Patch;
use diamond_types::AgentId;
use diamond_types::list::ListCRDT;
use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};

/// A log, its text, and who writes.
pub struct DiamondTypes {
    list: ListCRDT,
    agent: AgentId,
}

impl DiamondTypes {
    fn with_list(mut list: ListCRDT, client_id: u32) -> DiamondTypes {
        let agent = list.get_or_create_agent_id(&client_id.to_string());
        DiamondTypes { list, agent }
    }
}

impl Peer for DiamondTypes {
    const NAME: &'static str = "diamond-types";
    const CRATES: &'static [&'static str] = &["diamond-types"];
    const IS_UTF16: bool = false;
    type Updates = Frames;
    type Writer = DiamondTypes;

    fn with_client(client_id: u32) -> DiamondTypes {
        DiamondTypes::with_list(ListCRDT::new(), client_id)
    }

    fn edit(&mut self, patch: &Patch) {
        let at = patch.position as usize;
        if patch.deleted > 0 {
            self.list.delete_without_content(self.agent, at..at + patch.deleted as usize);
        }
        if !patch.inserted.is_empty() {
            self.list.insert(self.agent, at, &patch.inserted);
        }
    }

    fn text(&self) -> String {
        self.list.branch.content().to_string()
    }

    fn edit_to_update(&mut self, patch: &Patch, out: &mut Frames) -> Supported {
        let before = self.list.oplog.local_version();
        self.edit(patch);
        let update = self.list.oplog.encode_from(ENCODE_PATCH, &before);
        out.push(|out| out.extend_from_slice(&update));
        Ok(())
    }

    fn apply(&mut self, updates: &Frames, index: usize) -> Supported {
        self.list.merge_data_and_ff(updates.at(index)).expect("a well-formed patch");
        Ok(())
    }

    fn encode(&mut self, form: Form) -> Supported<Vec<u8>> {
        match form {
            Form::Update | Form::Checkpoint => Ok(self.list.oplog.encode(ENCODE_FULL)),
            Form::UpdateV2 => Err(Unsupported),
        }
    }

    fn load(client_id: u32, form: Form, bytes: &[u8]) -> Supported<DiamondTypes> {
        match form {
            Form::Update | Form::Checkpoint => {
                let list = ListCRDT::load_from(bytes).expect("a well-formed log");
                Ok(DiamondTypes::with_list(list, client_id))
            }
            Form::UpdateV2 => Err(Unsupported),
        }
    }
}
