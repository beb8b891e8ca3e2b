//! In which order the blocks of a whole document are placed: each after all that it depends on, as Yjs does it.

use super::PART;
use super::whole::{Named, Whole};
use crate::store::{Client, LocalId, NO_ORIGIN};
use crate::update::Content;
use crate::values::{Clock, Pace};

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

/// Why no more blocks of a client are planned for now.
enum Halt {
    /// All are, or one where no more were wanted.
    Done,
    /// The next one depends on this unit.
    Needs(LocalId),
    /// It is enough for now.
    Part,
}

/// The order as far as it is planned.
struct Planning<'w> {
    whole: &'w Whole,
    progress: Vec<Progress>,
    turns: Vec<Turn>,
    /// Clients of which each is needed by the one before it.
    stack: Vec<Client>,
}

impl Whole {
    /// The order, which is also that in which keys of maps come up; `None` if something depends on what is not there.
    /// (Yjs: `integrateStructs`, with its stack; `Plan` does it for any update.) O(blocks).
    pub(super) async fn turns(&self, pace: &Pace) -> Option<Vec<Turn>> {
        if let [only] = &self.logs[..] {
            return Some(vec![Turn { client: 0, blocks: only.blocks().len() }]);
        }
        let start = |head| Progress { block: 0, head, clock: 0, is_on_stack: false };
        let progress = self.first_heads().into_iter().map(start).collect();
        let mut planning = Planning { whole: self, progress, turns: Vec::new(), stack: Vec::new() };
        let mut left = PART;
        for client in self.descending() {
            planning.begin(client);
            while !planning.go_on(&mut left)? {
                pace.spend(3 * PART).await;
                left = PART;
            }
        }
        Some(planning.turns)
    }
}

impl Planning<'_> {
    fn begin(&mut self, client: Client) {
        self.stack.push(client);
        self.progress[client as usize].is_on_stack = true;
    }

    /// Plans blocks, `left` at most; whether nothing is on the stack any more. `None` if something is missing.
    #[inline(never)]
    fn go_on(&mut self, left: &mut usize) -> Option<bool> {
        while let Some(&top) = self.stack.last() {
            match self.advance(top, left) {
                Halt::Part => return Some(false),
                Halt::Done => {
                    self.progress[top as usize].is_on_stack = false;
                    self.stack.pop();
                }
                Halt::Needs((needed, _)) => {
                    let other = &self.progress[needed as usize];
                    if other.is_on_stack || other.block == self.whole.logs[needed as usize].blocks().len() {
                        return None;
                    }
                    self.begin(needed);
                }
            }
        }
        Some(true)
    }

    /// Plans blocks of a client, one or all that can be, as long as some are `left`.
    fn advance(&mut self, client: Client, left: &mut usize) -> Halt {
        let Planning { whole, progress, turns, stack } = self;
        let wanted = if stack.len() > 1 { 1 } else { usize::MAX };
        let log = &whole.logs[client as usize];
        let mut own = progress[client as usize];
        let first = own.block;
        // No client is that of `NO_ORIGIN`.
        let is_missing = |(of, clock): LocalId| {
            of != client && progress.get(of as usize).is_some_and(|progress| clock >= progress.clock)
        };
        let halt = loop {
            let planned = own.block - first;
            if planned == wanted {
                break Halt::Done;
            }
            if planned == *left {
                break Halt::Part;
            }
            let Some(block) = log.blocks().get(own.block) else { break Halt::Done };
            if is_missing(block.origin) {
                break Halt::Needs(block.origin);
            }
            if is_missing(block.right_origin) {
                break Halt::Needs(block.right_origin);
            }
            if block.content != Content::Gc && block.origin == NO_ORIGIN && block.right_origin == NO_ORIGIN {
                if let Named::In(unit) = whole.heads[own.head].parent
                    && is_missing(unit)
                {
                    break Halt::Needs(unit);
                }
                own.head += 1;
            }
            own.block += 1;
        };
        let planned = own.block - first;
        if planned > 0 {
            own.clock = log.block_end(own.block - 1);
            progress[client as usize] = own;
            *left -= planned;
            match turns.last_mut() {
                Some(last) if last.client == client => last.blocks += planned,
                _ => turns.push(Turn { client, blocks: planned }),
            }
        }
        halt
    }
}
