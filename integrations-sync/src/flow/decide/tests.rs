use integrations_core::model::Contact;

use super::*;
use crate::flow::config::{Clears, FlowConfig, Way};

const POLICIES: [ConflictPolicy; 4] = [
    ConflictPolicy::LastWriteWins,
    ConflictPolicy::Prefer(Side::Left),
    ConflictPolicy::Prefer(Side::Right),
    ConflictPolicy::Ask,
];
const DELETES: [DeletePolicy; 3] = [
    DeletePolicy::Propagate,
    DeletePolicy::Unlink,
    DeletePolicy::Ignore,
];
const WAYS: [Way; 4] = [Way::Both, Way::ToRight, Way::ToLeft, Way::Off];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn content(map: &FieldMap, side: Side, name: &str) -> Content {
    map.content(side, &Contact::new().with_first_name(name))
        .unwrap()
}

/// Every state, presence, content, policy and way: 40,000 pairs.
fn every_pair(mut look: impl FnMut(&FieldMap, &Pair<'_>, &Decision)) {
    let blocked = BTreeSet::new();
    for (way, conflicts, deletes) in WAYS.iter().flat_map(|way| {
        POLICIES
            .iter()
            .flat_map(move |policy| DELETES.iter().map(move |deletes| (way, policy, deletes)))
    }) {
        let config = FlowConfig::new()
            .with_way(*way)
            .with_conflicts(*conflicts)
            .with_deletes(*deletes);
        let map = FieldMap::new(&config, Vec::new()).unwrap();
        let names = ["Ann", "Bea"];
        let contents: Vec<[Content; 2]> = names
            .iter()
            .map(|name| Side::ALL.map(|side| content(&map, side, name)))
            .collect();
        let mut agreed = Base::default();
        for (side, content) in Side::ALL.into_iter().zip(&contents[0]) {
            agreed.agree(side, content, Clears::Keep);
        }
        let seen = |index: usize, time| -> Vec<Seen<'_>> {
            vec![
                Seen::Never,
                Seen::Gone(None),
                Seen::Gone(Some(at(100))),
                Seen::Here(&contents[0][index], Some(at(time))),
                Seen::Here(&contents[1][index], Some(at(time))),
                Seen::Here(&contents[1][index], None),
            ]
        };
        for base in [&agreed, &Base::default()] {
            for state in MappingState::ALL {
                for left in seen(0, 50) {
                    for right in seen(1, 200) {
                        let pair = Pair {
                            state,
                            base,
                            policy: *conflicts,
                            left,
                            right,
                            blocked: &blocked,
                        };
                        let decision = decide(&map, &pair);
                        look(&map, &pair, &decision);
                    }
                }
            }
        }
    }
}

#[test]
fn no_decision_writes_against_the_way() {
    every_pair(|map, pair, decision| {
        let way = map.config().way;
        let allowed = |side| assert!(way.writes(side), "{decision:?} for {pair:?}");
        match decision {
            Decision::Create(side, _) | Decision::Delete(side) => allowed(*side),
            Decision::Write(merged) => {
                assert!(!merged.left.is_empty() || !merged.right.is_empty());
                for side in Side::ALL {
                    if !merged.patch(side).is_empty() {
                        allowed(side);
                    }
                }
            }
            _ => {}
        }
    });
}

#[test]
fn what_a_person_holds_or_left_alone_is_not_touched() {
    every_pair(|_, pair, decision| {
        let waits = matches!(
            pair.state,
            MappingState::Held | MappingState::Ignored | MappingState::Unlinked
        );
        assert_eq!(
            waits,
            matches!(decision, Decision::Nothing(Reason::Waits | Reason::Alone)),
            "{decision:?} for {pair:?}"
        );
    });
}

#[test]
fn a_creation_under_way_is_never_begun_again() {
    every_pair(|_, pair, decision| {
        let one_side = matches!(
            (pair.left, pair.right),
            (Seen::Here(..), Seen::Never) | (Seen::Never, Seen::Here(..))
        );
        if pair.state == MappingState::Creating && one_side {
            assert!(matches!(decision, Decision::Recover(_)), "{decision:?}");
        }
    });
}

#[test]
fn only_a_deletion_deletes_and_only_by_policy() {
    every_pair(|map, pair, decision| {
        if let Decision::Delete(side) = decision {
            let (survivor, other) = match side {
                Side::Left => (pair.left, pair.right),
                Side::Right => (pair.right, pair.left),
            };
            assert!(matches!(other, Seen::Gone(_)), "{pair:?}");
            assert_eq!(map.config().deletes, DeletePolicy::Propagate);
            let Seen::Here(content, _) = survivor else {
                panic!("{pair:?}")
            };
            let unchanged = pair.base.unchanged(*side, content, Clears::Keep);
            let wins = match map.config().conflicts {
                ConflictPolicy::Prefer(winner) => winner == side.other(),
                ConflictPolicy::LastWriteWins => *side == Side::Left,
                ConflictPolicy::Ask => false,
            };
            assert!(unchanged || wins, "{pair:?}");
        }
    });
}

#[test]
fn people_are_asked_only_where_the_policy_says_so() {
    every_pair(|map, pair, decision| {
        if let Decision::Ask(_) = decision {
            assert_eq!(map.config().conflicts, ConflictPolicy::Ask, "{pair:?}");
        }
    });
}

#[test]
fn both_gone_is_forgotten() {
    every_pair(|_, pair, decision| {
        let gone = |seen| matches!(seen, Seen::Gone(_) | Seen::Never);
        if gone(pair.left) && gone(pair.right) {
            assert!(matches!(
                decision,
                Decision::Forget | Decision::Nothing(Reason::Waits | Reason::Alone)
            ));
        }
    });
}

/// Carries a decision out on two names and asks again: the second answer writes nothing.
#[test]
fn what_was_carried_out_is_not_decided_again() {
    every_pair(|map, pair, decision| {
        let Decision::Write(merged) = decision else {
            return;
        };
        let mut names = [pair.left, pair.right].map(|seen| match seen {
            Seen::Here(content, _) => content.fields["firstName"].value.clone(),
            _ => panic!("{pair:?}"),
        });
        for (side, name) in Side::ALL.into_iter().zip(&mut names) {
            if let Some(Some(value)) = merged.patch(side).fields.get("firstName") {
                *name = value.clone();
            }
        }
        let left = content(map, Side::Left, names[0].as_str().unwrap());
        let right = content(map, Side::Right, names[1].as_str().unwrap());
        let mut base = pair.base.clone();
        base.agree(Side::Left, &left, Clears::Keep);
        base.agree(Side::Right, &right, Clears::Keep);
        let again = decide(
            map,
            &Pair {
                state: MappingState::Linked,
                base: &base,
                policy: map.config().conflicts,
                left: Seen::Here(&left, None),
                right: Seen::Here(&right, None),
                blocked: pair.blocked,
            },
        );
        assert_eq!(again, Decision::Nothing(Reason::Equal), "{pair:?}");
    });
}

#[test]
fn the_last_write_wins_and_ties_go_left() {
    use ConflictPolicy::LastWriteWins;
    assert_eq!(
        winner(LastWriteWins, Some(at(1)), Some(at(2))),
        Some(Side::Right)
    );
    assert_eq!(
        winner(LastWriteWins, Some(at(2)), Some(at(1))),
        Some(Side::Left)
    );
    assert_eq!(
        winner(LastWriteWins, Some(at(2)), Some(at(2))),
        Some(Side::Left)
    );
    assert_eq!(winner(LastWriteWins, None, Some(at(2))), Some(Side::Right));
    assert_eq!(winner(LastWriteWins, None, None), Some(Side::Left));
}
