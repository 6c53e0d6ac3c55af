use integrations_core::model::{Channel, Contact};
use proptest::prelude::*;

use super::*;
use crate::flow::config::{FieldRule, FlowConfig};
use crate::flow::field::Field;

const WAYS: [Way; 4] = [Way::Both, Way::ToRight, Way::ToLeft, Way::Off];
const VALUES: [Option<u8>; 3] = [None, Some(1), Some(2)];

fn every_scalar(mut look: impl FnMut(Then<u8>, Then<u8>, Way, Clears)) {
    for (lb, ln, rb, rn) in four(VALUES) {
        for way in WAYS {
            for clears in [Clears::Keep, Clears::Propagate] {
                let left = Then { base: lb, now: ln };
                let right = Then { base: rb, now: rn };
                look(left, right, way, clears);
            }
        }
    }
}

fn four<T: Copy, const N: usize>(values: [T; N]) -> Vec<(T, T, T, T)> {
    let mut all = Vec::new();
    for a in values {
        for b in values {
            for c in values {
                for d in values {
                    all.push((a, b, c, d));
                }
            }
        }
    }
    all
}

#[test]
fn scalar_never_writes_what_is_equal_or_against_the_way() {
    every_scalar(|left, right, way, clears| {
        let verdict = scalar(left, right, way, clears);
        if left.now == right.now {
            assert_eq!(verdict, Verdict::Keep);
        }
        if let Verdict::To(side) = verdict {
            assert!(way.writes(side), "{left:?} {right:?} {way:?}");
        }
        if verdict == Verdict::Both {
            assert_eq!(way, Way::Both);
        }
    });
}

#[test]
fn scalar_is_the_same_in_the_mirror() {
    let turned = |verdict| match verdict {
        Verdict::To(side) => Verdict::To(side.other()),
        other => other,
    };
    let turn = |way| match way {
        Way::ToRight => Way::ToLeft,
        Way::ToLeft => Way::ToRight,
        other => other,
    };
    every_scalar(|left, right, way, clears| {
        assert_eq!(
            scalar(left, right, way, clears),
            turned(scalar(right, left, turn(way), clears))
        );
    });
}

#[test]
fn silence_says_nothing_unless_it_is_asked_to() {
    every_scalar(|left, right, way, _| {
        let verdict = scalar(left, right, way, Clears::Keep);
        let source = match verdict {
            Verdict::To(Side::Left) => right,
            Verdict::To(Side::Right) => left,
            _ => return,
        };
        assert!(source.now.is_some(), "{left:?} {right:?} {way:?}");
    });
    let emptied = Then {
        base: Some(1),
        now: None,
    };
    let same = Then {
        base: Some(1),
        now: Some(1),
    };
    assert_eq!(
        scalar(emptied, same, Way::Both, Clears::Propagate),
        Verdict::To(Side::Right)
    );
}

/// After the write that was decided, the same question has the answer "keep": no loop.
#[test]
fn scalar_settles_after_one_write() {
    every_scalar(|left, right, way, clears| {
        let now = match scalar(left, right, way, clears) {
            Verdict::Keep => (left.now, right.now),
            Verdict::To(Side::Left) => (right.now, right.now),
            Verdict::To(Side::Right) | Verdict::Both => (left.now, left.now),
        };
        let again = |now: Option<u8>, before: Option<u8>| Then {
            base: if now.is_none() && clears == Clears::Keep {
                before
            } else {
                now
            },
            now,
        };
        let verdict = scalar(
            again(now.0, left.base),
            again(now.1, right.base),
            way,
            clears,
        );
        assert_eq!(
            verdict,
            Verdict::Keep,
            "{left:?} {right:?} {way:?} {clears:?}"
        );
    });
}

#[test]
fn the_rows_of_the_table() {
    let then = |base, now| Then {
        base: Some(base),
        now: Some(now),
    };
    let both = |left, right| scalar(left, right, Way::Both, Clears::Keep);
    assert_eq!(both(then(1, 1), then(2, 2)), Verdict::Keep);
    assert_eq!(both(then(1, 3), then(1, 1)), Verdict::To(Side::Right));
    assert_eq!(both(then(1, 1), then(1, 3)), Verdict::To(Side::Left));
    assert_eq!(both(then(1, 3), then(1, 3)), Verdict::Keep);
    assert_eq!(both(then(1, 3), then(1, 4)), Verdict::Both);
    let mirror = |left, right| scalar(left, right, Way::ToRight, Clears::Keep);
    assert_eq!(mirror(then(1, 1), then(1, 4)), Verdict::To(Side::Right));
    assert_eq!(mirror(then(1, 3), then(1, 4)), Verdict::To(Side::Right));
    assert_eq!(mirror(then(1, 1), then(2, 2)), Verdict::Keep);
}

#[test]
fn members_settle_and_additions_win() {
    for (lb, ln, rb, rn) in four([false, true]) {
        for way in WAYS {
            for silent in [(false, false), (!ln, false), (false, !rn)] {
                let Some(there) = member((lb, rb), (ln, rn), silent, way) else {
                    continue;
                };
                assert_ne!(ln, rn);
                assert!(way != Way::Off);
                let settled = member((there, there), (there, there), silent, way);
                assert_eq!(settled, None);
            }
        }
    }
    // The left adds what the right removes.
    assert_eq!(
        member((false, true), (true, false), (false, false), Way::Both),
        Some(true)
    );
    // A side that shows nothing removed nothing.
    assert_eq!(
        member((true, true), (false, true), (true, false), Way::Both),
        None
    );
    assert_eq!(
        member((true, true), (false, true), (false, false), Way::Both),
        Some(false)
    );
}

/// Follows one channel through words of both sides, with our writes in between.
struct Line {
    base: OptBase,
    now: (Option<bool>, Option<bool>),
    writes: u32,
    /// Whether the right can be told nothing.
    deaf: bool,
}

impl Line {
    fn step(&self, others: bool) -> (OptBase, (Option<bool>, Option<bool>)) {
        let around = Around {
            others,
            ..Around::default()
        };
        channel(self.base, self.now, around, Way::Both, |side, _| {
            side == Side::Left || !self.deaf
        })
    }

    fn sync(&mut self, others: bool) {
        let (base, writes) = self.step(others);
        self.base = base;
        if let Some(value) = writes.0 {
            (self.now.0, self.base.left) = (Some(value), Some(value));
            self.writes += 1;
        }
        if let Some(value) = writes.1 {
            (self.now.1, self.base.right) = (Some(value), Some(value));
            self.writes += 1;
        }
    }
}

#[test]
fn promise_15_a_stop_goes_over_and_only_its_side_takes_it_back() {
    let mut line = Line {
        base: OptBase::default(),
        now: (Some(false), None),
        writes: 0,
        deaf: false,
    };
    line.sync(false);
    assert_eq!(line.writes, 0);
    line.now.0 = Some(true);
    line.sync(false);
    assert_eq!(line.now, (Some(true), Some(true)));
    // The right lifts what is the left's.
    line.now.1 = Some(false);
    line.sync(false);
    assert_eq!(line.now, (Some(true), Some(true)), "the left stands by it");
    // Both say so; the left takes its own back, the right does not.
    line.now.1 = Some(false);
    line.base.right = Some(false);
    line.now.1 = Some(true);
    line.sync(false);
    line.now.0 = Some(false);
    line.sync(false);
    assert_eq!(line.now, (Some(true), Some(true)), "the right stands by it");
    line.now.1 = Some(false);
    line.sync(false);
    assert_eq!(line.now, (Some(false), Some(false)));
    // Another source's word holds whatever they say.
    line.sync(true);
    assert_eq!(line.now, (Some(true), Some(true)));
    line.now = (Some(false), Some(false));
    line.sync(true);
    assert_eq!(line.now, (Some(true), Some(true)));
    line.sync(false);
    assert_eq!(line.now, (Some(false), Some(false)));
}

proptest! {
    /// Whatever both sides say, in any order: while a side stands by its STOP, both show it, and it settles at once.
    #[test]
    fn promise_15_whoever_stands_by_a_stop_is_heard(
        words in proptest::collection::vec((any::<bool>(), any::<bool>()), 1..40)
    ) {
        let mut line = Line { base: OptBase::default(), now: (None, None), writes: 0, deaf: false };
        let mut own = (false, false);
        for (left, stop) in words {
            let (place, owned) = if left { (&mut line.now.0, &mut own.0) } else { (&mut line.now.1, &mut own.1) };
            // A STOP that is shown already is no new word; a lift always is.
            if *place != Some(stop) {
                *owned = stop;
            }
            *place = Some(stop);
            line.sync(false);
            prop_assert_eq!((line.base.own_left, line.base.own_right), own);
            let blocked = own.0 || own.1;
            prop_assert_eq!(line.now.0.unwrap_or(false), blocked);
            prop_assert_eq!(line.now.1.unwrap_or(false), blocked);
            let writes = line.writes;
            line.sync(false);
            prop_assert_eq!(line.writes, writes);
        }
    }
}

fn content(map: &FieldMap, side: Side, contact: &Contact) -> Content {
    map.content(side, contact).unwrap()
}

#[test]
fn different_fields_of_one_contact_are_no_conflict() {
    let map = FieldMap::new(&FlowConfig::new(), Vec::new()).unwrap();
    let before = Contact::new()
        .with_first_name("Jane")
        .with_website("a.example");
    let mut base = Base::default();
    for side in Side::ALL {
        base.agree(side, &content(&map, side, &before), Clears::Keep);
    }
    let mut left = before.clone().with_first_name("Janet");
    left.tags = vec!["VIP".into()];
    let right = before.with_website("b.example");
    let merged = merge(
        &map,
        &base,
        &content(&map, Side::Left, &left),
        &content(&map, Side::Right, &right),
        None,
        &BTreeSet::new(),
    );
    assert!(merged.conflicts.is_empty());
    assert_eq!(merged.left.names(), ["website"]);
    assert_eq!(merged.right.names(), ["firstName", "tags"]);
    let written = map.contact(Side::Right, &merged.right).unwrap();
    assert_eq!(written.first_name.as_deref(), Some("Janet"));
    assert_eq!(written.website, None, "only what changed is written");
    assert_eq!(written.tags, ["VIP"]);
    assert!(!format!("{merged:?}").contains("Janet"));
}

#[test]
fn renamed_fields_constants_and_opt_outs_are_written_where_they_belong() {
    let config = FlowConfig::new()
        .with_field(FieldRule::renamed(Field::JobTitle, Field::extra("title")))
        .with_constant(Side::Right, Field::Source, "sync");
    let map = FieldMap::new(&config, Vec::new()).unwrap();
    let mut left = Contact::new().with_job_title("CEO").with_source("web");
    left.opt_outs.set(Channel::Sms, true);
    let merged = merge(
        &map,
        &Base::default(),
        &content(&map, Side::Left, &left),
        &Content::default(),
        Some(Side::Left),
        &BTreeSet::new(),
    );
    let written = map.contact(Side::Right, &merged.right).unwrap();
    assert_eq!(written.extra["title"], "CEO");
    assert_eq!(written.job_title, None);
    assert_eq!(written.source.as_deref(), Some("sync"));
    assert!(written.opt_outs.blocks(&Channel::Sms));
    assert!(merged.opt_outs["sms"].own_left);
}

#[test]
fn one_place_is_in_one_rule() {
    let config = FlowConfig::new().with_fields(vec![
        FieldRule::same(Field::Name),
        FieldRule::renamed(Field::FirstName, Field::Name),
    ]);
    assert!(FieldMap::new(&config, Vec::new()).is_err());
    let config =
        FlowConfig::new().with_fields(vec![FieldRule::renamed(Field::Tags, Field::Website)]);
    assert!(FieldMap::new(&config, Vec::new()).is_err());
}

/// A side that cannot be told of a STOP shows its own, even one that came while we believed it to be ours.
#[test]
fn promise_15_what_a_side_cannot_be_told_is_its_own_word() {
    let mut line = Line {
        base: OptBase::default(),
        now: (Some(false), Some(false)),
        writes: 0,
        deaf: true,
    };
    line.sync(true);
    assert_eq!(line.now, (Some(true), Some(false)), "one side shows it");
    line.sync(true);
    assert_eq!(line.writes, 1, "the other is not asked again and again");
    // Taken for ours before, or not: it is not.
    (line.now.1, line.base.right) = (Some(true), Some(true));
    line.sync(false);
    assert!(line.base.own_right);
    assert_eq!(line.now, (Some(true), Some(true)), "it still stands");
    line.now.1 = Some(false);
    line.sync(false);
    assert_eq!(line.now, (Some(false), Some(false)));
}
