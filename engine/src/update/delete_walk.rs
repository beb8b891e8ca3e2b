//! Walking through a delete set in bytes step by step.

use super::delete_set::read_range;
use crate::lib0::Reader;
use crate::values::{ClientId, Clock, Error};
use std::ops::Range;

/// How far a delete set was read. All steps get a reader of the same bytes, where the step before left it.
#[derive(Debug, Default)]
pub(super) struct DeleteWalk {
    /// Clients that are not begun; not known before the first step.
    clients_left: Option<usize>,
    client: ClientId,
    ranges_left: usize,
}

/// What a step has read.
pub(super) enum DeleteStep {
    /// How many clients there are.
    Begin,
    /// A client, and how many ranges it has.
    Client(ClientId, usize),
    /// One of them, which may be empty.
    Range(ClientId, Range<Clock>),
    End,
}

impl DeleteWalk {
    pub(super) fn step(&mut self, from: &mut Reader<'_>) -> Result<DeleteStep, Error> {
        let Some(clients_left) = &mut self.clients_left else {
            self.clients_left = Some(from.read_count(2)?);
            return Ok(DeleteStep::Begin);
        };
        if self.ranges_left > 0 {
            self.ranges_left -= 1;
            return Ok(DeleteStep::Range(self.client, read_range(from)?));
        }
        if *clients_left == 0 {
            return Ok(DeleteStep::End);
        }
        *clients_left -= 1;
        self.client = from.read_client()?;
        self.ranges_left = from.read_count(2)?;
        Ok(DeleteStep::Client(self.client, self.ranges_left))
    }

    /// Reads up to `most` ranges of the client that was begun last: how many.
    pub(super) fn each_range(
        &mut self,
        from: &mut Reader<'_>,
        most: usize,
        mut each: impl FnMut(Range<Clock>),
    ) -> Result<usize, Error> {
        let count = self.ranges_left.min(most);
        for _ in 0..count {
            each(read_range(from)?);
        }
        self.ranges_left -= count;
        Ok(count)
    }
}
