//! The laws of operational transformation, for plain and for rich changes.

mod ot_deltas;

use merganser::ot::{Delta, Op};
use ot_deltas::{Plan, change, content};
use proptest::collection::vec;
use proptest::prelude::*;

fn plan(most: usize) -> impl Strategy<Value = Vec<Plan>> {
    vec(any::<Plan>(), 0..most)
}

fn checked(delta: Delta) -> Delta {
    delta.assert_invariants();
    delta
}

fn compose(a: &Delta, b: &Delta) -> Delta {
    checked(a.compose(b).unwrap())
}

fn transform(a: &Delta, b: &Delta, priority: bool) -> Delta {
    checked(a.transform(b, priority))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn both_orders_lead_to_the_same(base in plan(12), a in plan(10), b in plan(10), plain: bool) {
        let base = content(&base, plain);
        let (a, b) = (change(&a, &base, plain), change(&b, &base, plain));
        let here = compose(&compose(&base, &a), &transform(&a, &b, true));
        let there = compose(&compose(&base, &b), &transform(&b, &a, false));
        prop_assert_eq!(here, there);
    }

    #[test]
    fn applying_a_composition_is_applying_both(base in plan(12), a in plan(10), b in plan(10), plain: bool) {
        let base = content(&base, plain);
        let a = change(&a, &base, plain);
        let between = checked(a.apply(&base).unwrap());
        let b = change(&b, &between, plain);
        let after = b.apply(&between).unwrap();
        prop_assert_eq!(&compose(&a, &b).apply(&base).unwrap(), &after);
        if plain {
            prop_assert_eq!(compose(&a, &b).apply_to_text(base.text()).unwrap(), after.text());
            prop_assert_eq!(b.apply_to_text(&a.apply_to_text(base.text()).unwrap()).unwrap(), after.text());
        }
    }

    #[test]
    fn composition_is_associative(base in plan(12), a in plan(8), b in plan(8), c in plan(8), plain: bool) {
        let base = content(&base, plain);
        let a = change(&a, &base, plain);
        let with_a = compose(&base, &a);
        let b = change(&b, &with_a, plain);
        let c = change(&c, &compose(&with_a, &b), plain);
        let (left, right) = (compose(&compose(&a, &b), &c), compose(&a, &compose(&b, &c)));
        prop_assert_eq!(compose(&base, &left), compose(&base, &right));
    }

    #[test]
    fn an_inverse_takes_back(base in plan(12), a in plan(10), plain: bool) {
        let base = content(&base, plain);
        let a = change(&a, &base, plain);
        let back = checked(a.invert(&base).unwrap());
        prop_assert_eq!(compose(&compose(&base, &a), &back), base);
    }

    /// Past two changes one by one, or past both at once: the outcome is one with what both did. (The place may differ
    /// within what they deleted, so contents are compared.)
    #[test]
    fn transforming_agrees_with_composing(
        base in plan(12), a in plan(8), b in plan(8), c in plan(8), plain: bool, first: bool,
    ) {
        let base = content(&base, plain);
        let (a, c) = (change(&a, &base, plain), change(&c, &base, plain));
        let with_a = compose(&base, &a);
        let b = change(&b, &with_a, plain);
        // What comes before: c past a and then past b.
        let step_by_step = transform(&b, &transform(&a, &c, first), first);
        let at_once = transform(&compose(&a, &b), &c, first);
        let with_both = compose(&with_a, &b);
        prop_assert_eq!(compose(&with_both, &step_by_step).len(), compose(&with_both, &at_once).len());
        // Two changes past one: transformed as one, or the second past what is left of it.
        let c_past_a = transform(&a, &c, first);
        let as_one = transform(&c, &compose(&a, &b), !first);
        let one_by_one = compose(&transform(&c, &a, !first), &transform(&c_past_a, &b, !first));
        let with_c = compose(&base, &c);
        prop_assert_eq!(compose(&with_c, &as_one).len(), compose(&with_c, &one_by_one).len());
    }

    #[test]
    fn positions_follow(base in plan(12), a in plan(10), at: u16, priority: bool) {
        // A character put at the position with the other priority ends up where the position is said to be.
        let base = content(&base, true);
        let a = change(&a, &base, true);
        let units = ot_deltas::units(&base);
        let at = at as usize % (units.len() + 1);
        let position: u32 = units[..at].iter().sum();
        let mut mark = Delta::new().with_retain(position);
        mark.insert("|", &Default::default());
        let moved = transform(&a, &mark, !priority);
        let text = moved.apply_to_text(&a.apply_to_text(base.text()).unwrap()).unwrap();
        let units_before: usize = text.split('|').next().unwrap().encode_utf16().count();
        prop_assert_eq!(a.transform_position(position, priority) as usize, units_before);
    }

    #[test]
    fn a_difference_leads_there(base in plan(20), target in plan(20), plain: bool) {
        let (base, target) = (content(&base, plain), content(&target, plain));
        let difference = checked(base.diff(&target).unwrap());
        prop_assert_eq!(difference.apply(&base).unwrap(), target);
    }

    #[test]
    fn bytes_and_json_come_back(base in plan(12), a in plan(12), plain: bool) {
        let a = change(&a, &content(&base, plain), plain);
        prop_assert_eq!(&Delta::decode(&a.encode()).unwrap(), &a);
        let json = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Delta>(&json).unwrap(), &a);
        prop_assert_eq!(&Delta::from_any(a.to_any()).unwrap(), &a);
    }

    #[test]
    fn parts_do_the_same_one_after_the_other(base in plan(12), a in plan(12), plain: bool, steps in 2_usize..6, units in 1_u32..5) {
        let base = content(&base, plain);
        let a = change(&a, &base, plain);
        let mut rest = a.clone();
        let mut all = Delta::new();
        let mut parts = 0;
        while !rest.is_empty() {
            let (first, behind) = rest.split(steps, units);
            prop_assert!(first.step_count() <= steps && !first.is_empty());
            let inserted: u32 = first.ops().filter(|op| matches!(op, Op::Insert { .. } | Op::Embed { .. })).map(|op| op.units()).sum();
            prop_assert!(inserted <= units + 1);
            all = compose(&all, &first);
            rest = behind;
            parts += 1;
            prop_assert!(parts < 1_000);
        }
        prop_assert_eq!(all, a);
    }

    #[test]
    fn slices_are_the_whole(base in plan(12), a in plan(12), at: u16) {
        let base = content(&base, false);
        for delta in [change(&a, &base, false), base] {
            let at = u64::from(at) % (delta.len() + 1);
            let Ok(mut whole) = delta.slice(0, at) else { continue };
            whole.concat(&checked(delta.slice(at, delta.len()).unwrap()));
            prop_assert_eq!(checked(whole), delta);
        }
    }
}
