//! In which order the structs of an update can be integrated, and which of them have to wait.
//!
//! Only clocks are looked at, so a plan changes nothing: an update that is refused leaves no trace.

use crate::store::Store;
use crate::update::{Content, Parent, Struct, Update};
use crate::values::{ClientId, Clock, Id, sort_by_numbers};

/// The order of an update's structs. Kept for its memory.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Indexes of structs that can be integrated, each after all that it depends on.
    pub(super) ready: Vec<u32>,
    /// Indexes of structs that depend on something unknown, or follow one that does.
    pub(super) waiting: Vec<u32>,
    groups: Vec<Group>,
    stack: Vec<usize>,
}

/// The structs of one client while the plan is made.
#[derive(Clone, Copy, Debug)]
struct Group {
    client: ClientId,
    next: usize,
    end: usize,
    /// The client's clock once everything planned so far is integrated.
    clock: Clock,
    is_stuck: bool,
    is_on_stack: bool,
}

impl Plan {
    /// Makes the plan for an update. O(structs * log clients). (Yjs: `integrateStructs`, with its stack) The order is
    /// Yjs' too, as keys of maps are listed in the order in which they came up.
    pub(super) fn make(&mut self, store: &Store, update: &Update) {
        self.ready.clear();
        self.waiting.clear();
        self.groups.clear();
        for listed in &update.clients {
            self.groups.push(Group {
                client: listed.client,
                next: listed.structs.start,
                end: listed.structs.end,
                clock: store.clock(listed.client),
                is_stuck: false,
                is_on_stack: false,
            });
        }
        sort_by_numbers(&mut self.groups, |group| (group.client.value(), 0));
        for at in (0..self.groups.len()).rev() {
            self.follow(at, store, update);
        }
        for group in &self.groups {
            let rest = group.next..group.end;
            self.waiting.extend(rest.filter(|at| update.structs[*at].content != Content::Skip).map(|at| at as u32));
        }
    }

    /// Plans a group as far as it goes, and before each struct what it depends on, and no more than that.
    fn follow(&mut self, group: usize, store: &Store, update: &Update) {
        debug_assert!(self.stack.is_empty());
        self.push(group);
        while let Some(&top) = self.stack.last() {
            match self.advance(top, store, update) {
                Step::Needs(other) => self.push(other),
                Step::Done | Step::OneMore => self.pop(),
                Step::Stuck => {
                    self.groups[top].is_stuck = true;
                    self.pop();
                }
            }
        }
    }

    fn push(&mut self, group: usize) {
        self.groups[group].is_on_stack = true;
        self.stack.push(group);
    }

    fn pop(&mut self) {
        if let Some(top) = self.stack.pop() {
            self.groups[top].is_on_stack = false;
        }
    }

    fn advance(&mut self, at: usize, store: &Store, update: &Update) -> Step {
        loop {
            let group = self.groups[at];
            if group.next == group.end {
                return Step::Done;
            }
            let read = &update.structs[group.next];
            // A client that is listed twice goes on where its other group has come to.
            let clock = self.clock(group.client, store);
            if read.content != Content::Skip && read.end() > clock {
                if let Some(missing) = missing(read, clock, |client| self.clock(client, store)) {
                    return self.wait_for(missing, at);
                }
                self.ready.push(group.next as u32);
                self.set_clock(group.client, read.end());
                if self.stack.len() > 1 {
                    self.groups[at].next += 1;
                    return Step::OneMore;
                }
            }
            self.groups[at].next += 1;
        }
    }

    /// What to do about a missing unit: plan another group first, or give up.
    fn wait_for(&self, missing: Id, at: usize) -> Step {
        let first = self.groups.partition_point(|group| group.client < missing.client);
        let same_client = self.groups[first..].iter().take_while(|group| group.client == missing.client);
        let usable = |group: &Group| !group.is_stuck && !group.is_on_stack && group.next < group.end;
        match same_client.into_iter().position(usable) {
            Some(offset) if first + offset != at => Step::Needs(first + offset),
            _ => Step::Stuck,
        }
    }

    fn clock(&self, client: ClientId, store: &Store) -> Clock {
        match self.groups.binary_search_by_key(&client, |group| group.client) {
            Ok(_) if self.groups.len() == 1 => self.groups[0].clock,
            Ok(_) => self.groups[self.groups.partition_point(|group| group.client < client)].clock,
            Err(_) => store.clock(client),
        }
    }

    fn set_clock(&mut self, client: ClientId, clock: Clock) {
        let first = self.groups.partition_point(|group| group.client < client);
        self.groups[first].clock = clock;
    }
}

enum Step {
    /// The group is planned to its end.
    Done,
    /// A struct was planned that something else may wait for.
    OneMore,
    /// This group has to come first.
    Needs(usize),
    /// What is missing is not in the update, or waits itself.
    Stuck,
}

/// The first unit that a struct needs and that is not known. `own` is its client's clock. (Yjs: `Item#getMissing`)
pub(super) fn missing(read: &Struct, own: Clock, clock: impl Fn(ClientId) -> Clock) -> Option<Id> {
    if read.id.clock > own {
        return Some(Id::new(read.id.client, read.id.clock - 1));
    }
    let parent = match read.parent {
        Parent::Item(id) => Some(id),
        _ => None,
    };
    let needed = [read.origin, read.right_origin, parent].into_iter().flatten();
    needed.into_iter().find(|id| id.client != read.id.client && id.clock >= clock(id.client))
}
