//! Putting spans that one client wrote one behind the other into a sequence at once.

use super::{Cursor, FAN_OUT, FILL, Order, Place, Sequence, Span};

impl Order {
    /// Puts spans that are new to the index at a place of a sequence (`None`: the sequence is empty), one behind the other:
    /// their clocks follow each other, too. `before` is the number of visible units before the place. Returns the place
    /// behind them. O(spans), and what it takes to insert one.
    pub(crate) fn insert_run(
        &mut self,
        sequence: Sequence,
        place: Option<Place>,
        run: &[Span],
        before: u32,
    ) -> Option<Place> {
        let Some((first, mut rest)) = run.split_first() else { return place };
        self.insert(sequence, place, first.client(), first.len, first.mark(), Some(before));
        let (mut leaf, last) = self.hint;
        let mut at = last as usize + 1;
        while !rest.is_empty() {
            let len = self.leaves.spans(leaf).len();
            let fits = len + rest.len() <= FAN_OUT;
            let count = if fits { rest.len() } else { rest.len().min(FILL.saturating_sub(len)) };
            if count == 0 || (at < len && !fits) {
                // What stands behind the place gets a leaf of its own, and so does what comes after a full one.
                let behind = self.split_leaf_at(leaf, at);
                if at == len {
                    (leaf, at) = (behind, 0);
                }
                continue;
            }
            let (placed, later) = rest.split_at(count);
            self.insert_into_leaf(leaf, at, placed);
            at += count;
            rest = later;
        }
        if let (Some(last), true) = (run.last(), run.len() > 1) {
            let span = at as u32 - 1;
            let visible: u32 = run.iter().map(|span| span.visible_len()).sum();
            self.hint = (leaf, span);
            self.cursor = Some(Cursor { sequence, leaf, span, before: before + visible - last.visible_len() });
        }
        Some(Place { leaf, span: at as u32, offset: 0 })
    }

    /// The part of a run that goes into one leaf, before one of its spans. The leaf must have room.
    fn insert_into_leaf(&mut self, leaf: u32, at: usize, run: &[Span]) {
        self.leaves.insert_all(leaf, at, run);
        let index = &mut self.index[run[0].client() as usize];
        index.append(run[run.len() - 1].end() - run[0].clock, leaf);
        if run.iter().any(|span| span.is_uncounted()) {
            self.forget_effect(leaf);
        }
        self.change_visible(leaf, run.iter().map(|span| i64::from(span.visible_len())).sum());
    }
}
