//! That the comparison can fail: each of these breaks one thing of a world in which all is well.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::demo::model::Text;
use crate::demo::plan::Source;
use crate::world::Person;
use integrations_testkit::plan::Dice;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

/// Two people, a message each way, a call, a sequence; and a message that raced with a stop.
fn model() -> Model {
    let mut dice = Dice::new(1);
    let mut people: Vec<_> = (0..3).map(|at| Person::made_up(at, &mut dice)).collect();
    let mut twin = Person::made_up(2, &mut dice);
    twin.email = "twin@example.com".to_owned();
    people[2].twin = Some(Box::new(twin));
    let mut model = Model::of(&people);
    model.change(0, true, Field::City, "Oslo");
    model.change(2, true, Field::City, "Rome");
    for (event, who) in [(1, 0), (2, 1), (3, 1)] {
        model
            .texts
            .insert(format!("text {event}"), Text { event, who });
    }
    let message = |event, at| Effect::Message { event, at };
    model.expect(message(1, Place::Ghl));
    model.expect(message(1, Place::Verity));
    let arrived = true;
    model.expect(Effect::Status { event: 1, arrived });
    model.expect(message(2, Place::Aloware));
    model.expect(message(2, Place::Ghl));
    model.expect(message(3, Place::Ghl));
    model.races.insert(3);
    model.expect(Effect::Call { event: 4 });
    model.sequences.insert(0, "12".to_owned());
    model.silences.push(Silence {
        who: 1,
        source: Source::Texting,
        from: at(100),
        until: None,
    });
    model.close();
    model
}

/// What is there when all is well.
fn seen(model: &Model) -> Seen {
    let mut seen = Seen::default();
    for effect in &model.effects {
        seen.effects.insert(effect.clone(), 1);
    }
    let (event, arrived) = (3, false);
    seen.effects.insert(Effect::Status { event, arrived }, 1);
    for (who, fields) in model.in_ghl.iter().enumerate() {
        seen.ghl.insert(who, vec![fields.clone()]);
    }
    for (who, fields) in model.in_aloware.iter().enumerate() {
        seen.aloware.insert(who, vec![fields.clone()]);
    }
    seen.sends = vec![
        Send {
            who: 0,
            at: at(200),
        },
        Send { who: 1, at: at(50) },
    ];
    seen
}

#[track_caller]
fn broken(break_it: impl FnOnce(&Model, &mut Seen)) -> Verdict {
    let model = model();
    let mut seen = seen(&model);
    break_it(&model, &mut seen);
    check(&model, &seen)
}

#[track_caller]
fn counts(verdict: &Verdict, lost: u64, duplicates: u64, unexpected: u64, stops: u64) {
    assert_eq!(
        (
            verdict.lost,
            verdict.duplicates,
            verdict.unexpected,
            verdict.stop_violations
        ),
        (lost, duplicates, unexpected, stops),
        "{:?}",
        verdict.why
    );
    assert_eq!(
        verdict.why.is_empty(),
        lost + duplicates + unexpected + stops == 0
    );
}

#[test]
fn all_is_well() {
    let verdict = broken(|_, _| {});
    counts(&verdict, 0, 0, 0, 0);
    let two = Share {
        source: 2,
        mirrored: 2,
    };
    assert_eq!((verdict.contacts, verdict.twins), (two, 1));
    assert_eq!((verdict.messages.source, verdict.messages.mirrored), (3, 3));
    assert_eq!((verdict.calls.source, verdict.calls.mirrored), (1, 1));
}

#[test]
fn each_effect_that_is_missing_is_lost_once() {
    for effect in model().effects {
        let verdict = broken(|_, seen| {
            seen.effects.remove(&effect);
        });
        counts(&verdict, 1, 0, 0, 0);
        let message = matches!(effect, Effect::Message { .. } | Effect::Status { .. });
        assert_eq!(
            verdict.messages.mirrored,
            3 - u64::from(message),
            "{effect:?}"
        );
    }
}

#[test]
fn each_effect_that_is_there_again_is_applied_twice() {
    for effect in model().effects {
        let verdict = broken(|_, seen| {
            *seen.effects.entry(effect.clone()).or_default() += 1;
        });
        counts(&verdict, 0, 1, 0, 0);
        let thrice = broken(|_, seen| {
            seen.effects.insert(effect.clone(), 3);
        });
        counts(&thrice, 0, 2, 0, 0);
    }
}

#[test]
fn what_nothing_explains_is_not_expected() {
    let what = "a text `Forged`".to_owned();
    let at = Place::Verity;
    let verdict = broken(|_, seen| {
        seen.effects.insert(Effect::Unexplained { at, what }, 1);
    });
    counts(&verdict, 0, 0, 1, 0);
    // A block that was taken back, a sequence that somebody left.
    for effect in [
        Effect::Blocked { who: 0 },
        Effect::Sequence {
            who: 0,
            sequence: "13".to_owned(),
        },
    ] {
        let verdict = broken(|_, seen| {
            seen.effects.insert(effect, 1);
        });
        counts(&verdict, 0, 0, 1, 0);
    }
}

#[test]
fn a_contact_that_is_missing_twice_or_old_is_not_mirrored() {
    let missing = broken(|_, seen| {
        seen.aloware.remove(&1);
    });
    counts(&missing, 1, 0, 0, 0);
    let twice = broken(|model, seen| {
        let fields = model.in_ghl[0].clone();
        seen.ghl.entry(0).or_default().push(fields);
    });
    counts(&twice, 0, 1, 0, 0);
    let old = broken(|_, seen| {
        let contact = &mut seen.aloware.entry(0).or_default()[0];
        contact.insert(Field::City, "Bergen".to_owned());
    });
    counts(&old, 1, 0, 0, 0);
    for verdict in [missing, twice, old] {
        assert_eq!((verdict.contacts.source, verdict.contacts.mirrored), (2, 1));
    }
}

#[test]
fn a_twin_that_was_overwritten_is_noticed() {
    let overwritten = broken(|model, seen| {
        let city = model.in_ghl[2][&Field::City].clone();
        let contact = &mut seen.aloware.entry(2).or_default()[0];
        contact.insert(Field::City, city);
    });
    counts(&overwritten, 1, 0, 0, 0);
    assert_eq!((overwritten.contacts.mirrored, overwritten.twins), (2, 1));
}

#[test]
fn a_race_may_end_either_way_and_must_be_told_of() {
    let text = Effect::Message {
        event: 3,
        at: Place::Verity,
    };
    let status = |arrived| Effect::Status { event: 3, arrived };
    let sent = |arrived| {
        broken(|_, seen| {
            seen.effects.insert(text.clone(), 1);
            seen.effects.remove(&status(false));
            seen.effects.insert(status(arrived), 1);
        })
    };
    counts(&sent(true), 0, 0, 0, 0);
    counts(&sent(false), 0, 0, 0, 0);
    let silent = broken(|_, seen| {
        seen.effects.remove(&status(false));
    });
    counts(&silent, 1, 0, 0, 0);
    let twice = broken(|_, seen| {
        seen.effects.insert(text.clone(), 2);
    });
    counts(&twice, 0, 1, 0, 0);
    // Not sent, and said to have arrived.
    let lie = broken(|_, seen| {
        seen.effects.remove(&status(false));
        seen.effects.insert(status(true), 1);
    });
    counts(&lie, 1, 0, 1, 0);
}

#[test]
fn what_nobody_can_know_is_not_sent_again_and_called_failed() {
    let undecided = |sent: bool, arrived| {
        let mut model = model();
        model.undecided.insert(1);
        let mut seen = seen(&model);
        let text = Effect::Message {
            event: 1,
            at: Place::Verity,
        };
        if !sent {
            seen.effects.remove(&text);
        }
        let event = 1;
        seen.effects.remove(&Effect::Status {
            event,
            arrived: true,
        });
        seen.effects.insert(Effect::Status { event, arrived }, 1);
        check(&model, &seen)
    };
    counts(&undecided(false, false), 0, 0, 0, 0);
    counts(&undecided(false, true), 1, 0, 1, 0);
    counts(&undecided(true, false), 0, 0, 1, 0);
}

#[test]
fn an_enrolment_that_nobody_knows_the_end_of_is_left_to_a_person() {
    let unsure = |change: fn(&mut Seen)| {
        let mut model = model();
        model.unsure.insert(0);
        let mut seen = seen(&model);
        change(&mut seen);
        check(&model, &seen)
    };
    let sequence = |sequence: &str| Effect::Sequence {
        who: 0,
        sequence: sequence.to_owned(),
    };
    let known = unsure(|_| {});
    counts(&known, 0, 0, 0, 0);
    assert_eq!(known.undecided, 0, "it is where it should be");
    let missing = unsure(|seen| {
        let effects = &mut seen.effects;
        effects.retain(|effect, _| !matches!(effect, Effect::Sequence { .. }));
    });
    counts(&missing, 0, 0, 0, 0);
    assert_eq!(missing.undecided, 1);
    let mut model = model();
    model.unsure.insert(0);
    let mut seen = seen(&model);
    seen.effects.remove(&sequence("12"));
    seen.effects.insert(sequence("13"), 1);
    assert_eq!(check(&model, &seen).undecided, 1);
}

#[test]
fn a_message_after_an_acknowledged_stop_is_a_violation() {
    let sent = |seconds| {
        broken(|_, seen| {
            seen.sends.push(Send {
                who: 1,
                at: at(seconds),
            });
        })
    };
    counts(&sent(99), 0, 0, 0, 0);
    counts(&sent(101), 0, 0, 0, 1);
    // Another source's start lifts nothing, the own source's does.
    let mut model = model();
    let mut seen = seen(&model);
    seen.sends.push(Send {
        who: 1,
        at: at(300),
    });
    model.silences.push(Silence {
        who: 1,
        source: Source::Aloware,
        from: at(100),
        until: Some(at(200)),
    });
    assert_eq!(check(&model, &seen).stop_violations, 1);
    model.silences[0].until = Some(at(250));
    assert_eq!(violations(&model.silences, &seen.sends).count(), 0);
}

#[test]
fn a_write_of_what_stands_there_is_an_echo_unless_its_answer_was_lost() {
    let write = |fingerprint, unchanged, answered| Write {
        at: Place::Ghl,
        who: None,
        fingerprint,
        unchanged,
        answered,
    };
    let echoes = |writes: &[Write]| echoes(writes).len();
    let changed = write(1, false, true);
    assert_eq!(echoes(&[changed, write(2, false, true)]), 0);
    assert_eq!(echoes(&[changed, write(1, true, true)]), 1);
    assert_eq!(echoes(&[write(3, true, true)]), 1);
    let lost = write(1, false, false);
    let again = write(1, true, true);
    assert_eq!(echoes(&[lost, again]), 0);
    assert_eq!(echoes(&[lost, again, again]), 1);
    // Another system's lost answer excuses nothing.
    let elsewhere = Write {
        at: Place::Aloware,
        ..lost
    };
    assert_eq!(echoes(&[elsewhere, again]), 1);
}
