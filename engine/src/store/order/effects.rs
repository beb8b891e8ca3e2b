//! What the marks of a stretch of a sequence do to the formatting in force, kept for each leaf and node that was asked
//! for, so that the formatting at a place is found without walking what stands before it.

use super::key_set::KeySet;
use super::{NONE, Order, Place, Sequence, Span};
use crate::values::Clock;
use smallvec::SmallVec;

/// What one mark does: the handle of its key, and whether it takes the format away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) key: u32,
    pub(crate) is_null: bool,
}

/// The marks of a stretch as one change: keys that it takes away, then keys that it sets and the mark that each has its
/// value from, in the order in which they came into force (Yjs: the order of `currentAttributes`, a JavaScript `Map`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    cleared: KeySet,
    pub(crate) set: SmallVec<[(u32, (u32, Clock)); 2]>,
}

impl Effect {
    fn clear(&mut self, key: u32) {
        if let Some(at) = self.set.iter().position(|(of, _)| *of == key) {
            self.set.remove(at);
        }
        self.cleared.insert(key);
    }

    fn set(&mut self, key: u32, mark: (u32, Clock)) {
        match self.set.iter_mut().find(|(of, _)| *of == key) {
            Some(known) => known.1 = mark,
            None => self.set.push((key, mark)),
        }
    }

    /// Adds the marks of a span, if it holds marks.
    fn add_span(&mut self, span: Span, read: &impl Fn(u32, Clock) -> Format) {
        if !span.is_uncounted() {
            return;
        }
        for clock in span.clock..span.end() {
            let format = read(span.client(), clock);
            match format.is_null {
                true => self.clear(format.key),
                false => self.set(format.key, (span.client(), clock)),
            }
        }
    }

    /// Adds what the next stretch does.
    fn then(&mut self, next: &Effect) {
        if !next.cleared.is_empty() {
            self.set.retain(|(key, _)| !next.cleared.contains(*key));
            self.cleared.extend(&next.cleared);
        }
        next.set.iter().for_each(|(key, mark)| self.set(*key, *mark));
    }

    fn of_leaf(spans: &[Span], read: &impl Fn(u32, Clock) -> Format) -> Effect {
        let mut effect = Effect::default();
        spans.iter().for_each(|span| effect.add_span(*span, read));
        effect
    }
}

/// The effects that are known. A leaf or node without one is stale, and then so is all that is above it.
///
/// Both lists stay empty as long as nobody asks: text without marks pays nothing.
#[derive(Debug, Default)]
pub(super) struct Effects {
    leaves: Vec<Option<Box<Effect>>>,
    nodes: Vec<Option<Box<Effect>>>,
}

impl Order {
    /// What the live marks before a place do. `read` tells what a mark does. O(height * fan-out) where nothing is
    /// stale; each change of a mark makes its leaf and what is above it stale.
    pub(crate) fn effect_before(&mut self, place: Place, read: &impl Fn(u32, Clock) -> Format) -> Effect {
        let mut path: SmallVec<[(u32, usize); 8]> = SmallVec::new();
        let (mut child, mut above) = (place.leaf, self.leaves.links(place.leaf).parent);
        while above != NONE {
            path.push((above, self.nodes[above as usize].slot_of(child)));
            (child, above) = (above, self.nodes[above as usize].parent);
        }
        let mut effect = Effect::default();
        for (level, &(node, slot)) in path.iter().enumerate().rev() {
            for before in 0..slot {
                let child = self.nodes[node as usize].ids()[before];
                self.refresh(child, level as u32, read);
                effect.then(self.known_effect(child, level as u32));
            }
        }
        let spans = self.leaves.spans(place.leaf);
        spans[..place.span as usize].iter().for_each(|span| effect.add_span(*span, read));
        // A place may be inside a span of several marks.
        if place.offset > 0 {
            effect.add_span(spans[place.span as usize].part(0, place.offset), read);
        }
        effect
    }

    /// Notes that formatting marks may stand in a sequence.
    pub(crate) fn note_marks(&mut self, sequence: Sequence) {
        self.leaves.sequences.planted(sequence).has_marks = true;
        self.has_marks = true;
    }

    /// Whether a formatting mark ever stood in a sequence, deleted or not. (Yjs: `YText#_hasFormatting`)
    #[inline]
    pub(crate) fn has_marks(&self, sequence: Sequence) -> bool {
        self.has_marks && self.leaves.sequences.tree(sequence).is_some_and(|tree| tree.has_marks)
    }

    /// Whether a formatting mark ever stood in any sequence.
    pub(crate) fn has_any_marks(&self) -> bool {
        self.has_marks
    }

    /// Forgets what the marks of a leaf do, and of what is above it.
    pub(super) fn forget_effect(&mut self, leaf: u32) {
        if !matches!(self.effects.leaves.get_mut(leaf as usize).map(Option::take), Some(Some(_))) {
            return;
        }
        let mut above = self.leaves.links(leaf).parent;
        while above != NONE
            && let Some(Some(_)) = self.effects.nodes.get_mut(above as usize).map(Option::take)
        {
            above = self.nodes[above as usize].parent;
        }
    }

    fn known_effect(&self, id: u32, level: u32) -> &Effect {
        let known = if level == 0 { &self.effects.leaves } else { &self.effects.nodes };
        known[id as usize].as_deref().expect("it was just brought up to date")
    }

    fn refresh(&mut self, id: u32, level: u32, read: &impl Fn(u32, Clock) -> Format) {
        let (known, count) = match level {
            0 => (&mut self.effects.leaves, self.leaves.numbers_end()),
            _ => (&mut self.effects.nodes, self.nodes.len()),
        };
        if known.len() <= id as usize {
            known.resize(count, None);
        }
        if known[id as usize].is_some() {
            return;
        }
        if level == 0 {
            let effect = Effect::of_leaf(self.leaves.spans(id), read);
            self.effects.leaves[id as usize] = Some(Box::new(effect));
            return;
        }
        let mut effect = Effect::default();
        for at in 0..self.nodes[id as usize].ids().len() {
            let child = self.nodes[id as usize].ids()[at];
            self.refresh(child, level - 1, read);
            effect.then(self.known_effect(child, level - 1));
        }
        self.effects.nodes[id as usize] = Some(Box::new(effect));
    }

    /// Panics if an effect that is known is not what the marks do. For tests and fuzzing.
    pub(crate) fn assert_effects(&self, read: &impl Fn(u32, Clock) -> Format) {
        for (id, known) in self.effects.leaves.iter().enumerate() {
            if let Some(known) = known {
                assert_eq!(
                    **known,
                    Effect::of_leaf(self.leaves.spans(id as u32), read),
                    "the effect of a leaf's marks"
                );
            }
        }
        let levels = self.levels_of_nodes();
        for (id, known) in self.effects.nodes.iter().enumerate() {
            let Some(known) = known else { continue };
            let below = if levels[id] == 1 { &self.effects.leaves } else { &self.effects.nodes };
            let mut effect = Effect::default();
            for child in self.nodes[id].ids() {
                let known = below.get(*child as usize).and_then(Option::as_ref);
                effect.then(known.expect("what is below a known effect is known"));
            }
            assert_eq!(**known, effect, "the effect of a node's children");
        }
    }

    fn levels_of_nodes(&self) -> Vec<u32> {
        let mut levels = vec![0; self.nodes.len()];
        let trees = self.leaves.sequences.trees().iter().filter(|tree| tree.height > 0);
        let mut rest: Vec<(u32, u32)> = trees.map(|tree| (tree.root, tree.height)).collect();
        while let Some((node, level)) = rest.pop() {
            levels[node as usize] = level;
            if level > 1 {
                rest.extend(self.nodes[node as usize].ids().iter().map(|child| (*child, level - 1)));
            }
        }
        levels
    }
}
