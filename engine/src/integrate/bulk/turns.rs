//! In which order the blocks of a whole document are placed: each after all that it depends on, as Yjs does it.

use super::whole::{Named, Whole};
use crate::store::{Client, LocalId, NO_ORIGIN};
use crate::update::Content;
use crate::values::Clock;

/// So many blocks of one client, on from those that it had before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) client: Client,
    pub(super) blocks: usize,
}

/// How far a client has come.
#[derive(Clone, Copy, Debug)]
struct Progress {
    block: usize,
    head: usize,
    /// The clock after what is planned.
    clock: Clock,
    is_on_stack: bool,
}

impl Whole {
    /// The order, which is also that in which keys of maps come up; `None` if something depends on what is not there.
    /// (Yjs: `integrateStructs`, with its stack; `Plan` does it for any update.) O(blocks).
    pub(super) fn turns(&self) -> Option<Vec<Turn>> {
        if let [only] = &self.logs[..] {
            return Some(vec![Turn { client: 0, blocks: only.blocks().len() }]);
        }
        let start = |head| Progress { block: 0, head, clock: 0, is_on_stack: false };
        let mut progress: Vec<Progress> = self.first_heads().into_iter().map(start).collect();
        let mut turns: Vec<Turn> = Vec::new();
        let mut stack = Vec::new();
        for client in self.descending() {
            stack.push(client);
            progress[client as usize].is_on_stack = true;
            while let Some(&top) = stack.last() {
                match self.advance(top, &mut progress, stack.len() > 1, &mut turns) {
                    None => {
                        progress[top as usize].is_on_stack = false;
                        stack.pop();
                    }
                    Some((needed, _)) => {
                        let other = &mut progress[needed as usize];
                        if other.is_on_stack || other.block == self.logs[needed as usize].blocks().len() {
                            return None;
                        }
                        other.is_on_stack = true;
                        stack.push(needed);
                    }
                }
            }
        }
        Some(turns)
    }

    /// Plans blocks of a client, one or all that can be; the unit that is needed before the next one.
    fn advance(
        &self,
        client: Client,
        progress: &mut [Progress],
        only_one: bool,
        turns: &mut Vec<Turn>,
    ) -> Option<LocalId> {
        let log = &self.logs[client as usize];
        loop {
            let Progress { block: at, head, .. } = progress[client as usize];
            let block = log.blocks().get(at)?;
            let has_head = block.content != Content::Gc && block.origin == NO_ORIGIN && block.right_origin == NO_ORIGIN;
            let parent = match has_head.then(|| self.heads[head].parent) {
                Some(Named::In(unit)) => unit,
                _ => NO_ORIGIN,
            };
            let is_missing =
                |unit: &LocalId| *unit != NO_ORIGIN && unit.0 != client && unit.1 >= progress[unit.0 as usize].clock;
            let missing = [block.origin, block.right_origin, parent].into_iter().find(is_missing);
            if missing.is_some() {
                return missing;
            }
            let own = &mut progress[client as usize];
            own.block += 1;
            own.head += usize::from(has_head);
            own.clock = log.block_end(at);
            match turns.last_mut() {
                Some(last) if last.client == client => last.blocks += 1,
                _ => turns.push(Turn { client, blocks: 1 }),
            }
            if only_one {
                return None;
            }
        }
    }
}
