//! In which order the structs of several clients in an update are taken: those that others depend on first.
//! (Yjs: `integrateStructs`)

use crate::values::Id;

/// Groups of structs, one for each client: which one is being taken, and which wait for it.
#[derive(Debug, Default)]
pub(super) struct CausalOrder {
    states: Vec<GroupState>,
    /// Groups that wait for the one above them, each with the unit up to which it is wanted.
    stack: Vec<(usize, Option<Id>)>,
    /// All groups before this one are done or wait.
    first: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum GroupState {
    Ready,
    OnStack,
    Done,
    /// Waits for this id, which is not in the update, or not to be had from it.
    Waiting(Id),
}

/// Why taking the structs of a group stopped.
pub(super) enum Stop {
    AtEnd,
    /// The unit up to which it was wanted is known.
    Reached,
    Missing(Id),
}

impl CausalOrder {
    /// Begins with so many groups, of which nothing was taken.
    pub(super) fn begin(&mut self, groups: usize) {
        self.states.clear();
        self.states.resize(groups, GroupState::Ready);
        self.stack.clear();
        self.first = 0;
    }

    /// The group to take from, and the unit up to which; `None` if all are done or wait.
    pub(super) fn next(&mut self) -> Option<(usize, Option<Id>)> {
        if self.stack.is_empty() {
            while *self.states.get(self.first)? != GroupState::Ready {
                self.first += 1;
            }
            self.push(self.first, None);
        }
        self.stack.last().copied()
    }

    fn push(&mut self, group: usize, until: Option<Id>) {
        self.states[group] = GroupState::OnStack;
        self.stack.push((group, until));
    }

    /// Taking from the group stopped. `provider` is the group that may bring an id, whatever its state.
    pub(super) fn stop(&mut self, stop: Stop, provider: impl FnOnce(Id) -> Option<usize>) {
        match stop {
            Stop::AtEnd => self.pop(GroupState::Done),
            Stop::Reached => self.pop(GroupState::Ready),
            // One that is itself under way or waits can't bring it.
            Stop::Missing(id) => match provider(id).filter(|group| self.states[*group] == GroupState::Ready) {
                Some(provider) => self.push(provider, Some(id)),
                None => self.wait(id),
            },
        }
    }

    fn pop(&mut self, state: GroupState) {
        if let Some((group, _)) = self.stack.pop() {
            self.states[group] = state;
        }
    }

    /// Each group below waits for the one above it, which now waits itself.
    fn wait(&mut self, id: Id) {
        let mut missing = id;
        while let Some((waiting, until)) = self.stack.pop() {
            self.states[waiting] = GroupState::Waiting(missing);
            missing = until.unwrap_or(missing);
        }
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// What a group waits for.
    pub(super) fn waits_for(&self, group: usize) -> Option<Id> {
        match self.states[group] {
            GroupState::Waiting(id) => Some(id),
            _ => None,
        }
    }

    /// What a group waited for has come from elsewhere: it is taken.
    pub(super) fn take_again(&mut self, group: usize) {
        self.states[group] = GroupState::Ready;
        self.first = self.first.min(group);
    }

    /// A group does not wait here any more.
    pub(super) fn finish(&mut self, group: usize) {
        self.states[group] = GroupState::Done;
    }
}
