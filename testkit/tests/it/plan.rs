use std::time::Duration;

use integrations_testkit::plan::{self, Dice};

#[test]
fn a_seed_says_the_same_on_every_machine() {
    let mut dice = Dice::new(17);
    let drawn = [dice.draw(), dice.draw(), dice.draw()];
    assert_eq!(
        drawn,
        [
            9_445_096_284_243_737_051,
            13_706_511_662_525_585_795,
            14_459_846_346_918_196_907
        ]
    );
    assert_eq!(plan::seed_of("a test"), 1_080_464_581_000_616_832);
    for _ in 0..100 {
        assert!(dice.below(3) < 3);
        let span = dice.within(5, 8);
        assert!((5..8).contains(&span.as_millis()), "{span:?}");
        assert!(dice.one_in(1));
    }
    assert_eq!(dice.within(5, 6), Duration::from_millis(5));
}

#[test]
fn what_failed_can_be_repeated() {
    assert_eq!(
        plan::repeat("examples", "it", "a_test", 17),
        "CRASH_SEED=17 cargo test -p examples --test it a_test -- --nocapture"
    );
}
