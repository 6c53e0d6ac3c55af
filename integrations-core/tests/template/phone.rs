use integrations_core::ErrorKind;
use integrations_core::phone::{PhoneNumber, Region};
use proptest::prelude::*;

#[test]
fn e164_is_a_syntax() {
    for text in [
        "+12025550123",
        " +33142685300 ",
        "+1234567",
        "+999999999999999",
    ] {
        assert_eq!(PhoneNumber::from_e164(text).unwrap().as_str(), text.trim());
    }
    for text in [
        "",
        "+",
        "12025550123",
        "+1 202 555 0123",
        "+02025550123",
        "+123456",
        "+1234567890123456",
        "+1202555012x",
        "+١٢٠٢٥٥٥٠١٢٣",
        "tel:+12025550123",
        "+1-202-555-0123",
        "＋12025550123",
    ] {
        assert_eq!(
            PhoneNumber::from_e164(text).unwrap_err().kind(),
            ErrorKind::Validation,
            "{text}"
        );
    }
}

#[test]
fn numbers_as_people_write_them() {
    for (text, region, e164) in [
        ("(202) 555-0123", Some(Region::US), "+12025550123"),
        ("202.555.0123", Some(Region::US), "+12025550123"),
        ("1-202-555-0123", Some(Region::US), "+12025550123"),
        ("+1 202 555 0123", None, "+12025550123"),
        ("tel:+1-202-555-0123", None, "+12025550123"),
        ("+33 1 42 68 53 00", Some(Region::US), "+33142685300"),
        ("+33 1 42 68 53 00", None, "+33142685300"),
        ("011 44 1834 534286", Some(Region::US), "+441834534286"),
        ("011 44 20 7946 0958", Some(Region::US), "+442079460958"),
        ("020 7946 0958", Some(Region::GB), "+442079460958"),
        ("+44 (0) 20 7946 0958", None, "+442079460958"),
        ("+919509597501", None, "+919509597501"),
        ("(416) 555-0123", Some(Region::CA), "+14165550123"),
        ("٢٠٢٥٥٥٠١٢٣", Some(Region::US), "+12025550123"),
        ("＋１２０２５５５０１２３", None, "+12025550123"),
        ("+39 06 698 12345", None, "+390669812345"), // Italy keeps its zero
        ("(202) 555-0123 ext. 45", Some(Region::US), "+12025550123"),
    ] {
        assert_eq!(
            PhoneNumber::parse(text, region).unwrap().as_str(),
            e164,
            "{text}"
        );
    }
}

#[test]
fn extensions_are_kept_beside_the_number() {
    for (text, extension) in [
        ("(202) 555-0123 ext. 45", Some("45")),
        ("202-555-0123 x45", Some("45")),
        ("+1 202 555 0123;ext=45", Some("45")),
        ("202-555-0123", None),
    ] {
        let (number, found) = PhoneNumber::parse_with_extension(text, Some(Region::US)).unwrap();
        assert_eq!(number.as_str(), "+12025550123", "{text}");
        assert_eq!(found.as_deref(), extension, "{text}");
    }
}

#[test]
fn what_is_no_number() {
    for (text, region) in [
        ("", Some(Region::US)),
        ("   ", Some(Region::US)),
        ("call me", Some(Region::US)),
        ("n/a", Some(Region::US)),
        ("jane@example.com", Some(Region::US)),
        ("555-0123", Some(Region::US)),
        ("000-000-0000", Some(Region::US)),
        ("123-456-7890", Some(Region::US)),
        ("202 555 01234 5678", Some(Region::US)),
        ("(202) 555-0123", None),
        ("+999 123 456 789", None),
        ("+", None),
        ("📞📞📞📞📞📞📞", Some(Region::US)),
        ("(202) 555-0123", Some(Region::new("zz").unwrap())),
    ] {
        let error = PhoneNumber::parse(text, region).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{text}");
        assert!(!error.message().contains("0123"), "{error}");
    }
    assert!(PhoneNumber::parse("2".repeat(1 << 20), Some(Region::US)).is_err());
    let lost = PhoneNumber::parse("(202) 555-0123", None).unwrap_err();
    assert!(lost.message().contains("default region"), "{lost}");
}

#[test]
fn debug_shows_the_ends_only() {
    let number = PhoneNumber::from_e164("+12025550123").unwrap();
    assert_eq!(format!("{number:?}"), "PhoneNumber(+1…0123)");
    assert_eq!(number.to_string(), "+12025550123");
    assert_eq!(number.digits(), "12025550123");
}

#[test]
fn serde_takes_e164_only_and_does_not_repeat_what_it_refuses() {
    let number: PhoneNumber = serde_json::from_str("\"+12025550123\"").unwrap();
    assert_eq!(serde_json::to_string(&number).unwrap(), "\"+12025550123\"");
    let error = serde_json::from_str::<PhoneNumber>("\"(202) 555-0123\"").unwrap_err();
    assert!(!error.to_string().contains("555-0123"), "{error}");
}

#[test]
fn regions() {
    assert_eq!(" us ".parse::<Region>().unwrap(), Region::US);
    assert_eq!(Region::new("de").unwrap().as_str(), "DE");
    for code in ["", "U", "USA", "1A", "é"] {
        assert!(Region::new(code).is_err(), "{code}");
    }
    let paris = PhoneNumber::from_e164("+33142685300").unwrap();
    assert_eq!(paris.region(), Some(Region::new("FR").unwrap()));
    assert_eq!(
        PhoneNumber::from_e164("+80012345678").unwrap().region(),
        None
    );
    assert_eq!(
        PhoneNumber::from_e164("+14165550123").unwrap().region(),
        Some(Region::CA)
    );
}

proptest! {
    #[test]
    fn what_is_parsed_is_parsed_again_unchanged(text in "\\PC{0,40}") {
        if let Ok(number) = PhoneNumber::parse(&text, Some(Region::US)) {
            prop_assert_eq!(PhoneNumber::parse(number.as_str(), None).unwrap(), number);
        }
    }

    #[test]
    fn numbers_of_the_american_plan_keep_their_digits(area in 201u32..990, exchange in 200u32..1000, line in 0u32..10_000) {
        let digits = format!("{area}{exchange}{line:04}");
        for text in [digits.clone(), format!("({area}) {exchange}-{line:04}"), format!("1{digits}"), format!("+1 {digits}")] {
            if let Ok(number) = PhoneNumber::parse(&text, Some(Region::US)) {
                prop_assert_eq!(number.as_str(), format!("+1{digits}"));
            }
        }
    }
}
