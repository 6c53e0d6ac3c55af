use integrations_core::email::EmailAddress;
use proptest::prelude::*;

#[test]
fn addresses_in_use() {
    for (text, written) in [
        ("jane@example.com", "jane@example.com"),
        ("  Jane.Doe+crm@Example.COM ", "Jane.Doe+crm@example.com"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
        ("jane@example.com.", "jane@example.com"),
        ("info@münchen.example", "info@münchen.example"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("info@डाटामेल.भारत", "info@डाटामेल.भारत"),
        ("a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"),
    ] {
        assert_eq!(
            EmailAddress::parse(text).unwrap().as_str(),
            written,
            "{text}"
        );
    }
}

#[test]
fn what_is_no_address() {
    for text in [
        "",
        " ",
        "@",
        "jane",
        "jane@",
        "@example.com",
        "a@b",
        "a@b@example.com",
        "jane doe@example.com",
        "jane@exa mple.com",
        "jane@-example.com",
        "jane@example-.com",
        "jane@example..com",
        ".jane@example.com",
        "jane.@example.com",
        "ja..ne@example.com",
        "jane@127.0.0.1",
        "jane@example.com\n",
        "a\u{0}@example.com",
        "\"jane\"@example.com",
        "Jane <jane@example.com>",
        "jane@example.com,john@example.com",
    ] {
        let parsed = EmailAddress::parse(text);
        // A line break at the end is white space like any other, and trimmed.
        assert_eq!(parsed.is_ok(), text == "jane@example.com\n", "{text:?}");
    }
    assert!(EmailAddress::parse(format!("{}@example.com", "x".repeat(65))).is_err());
    assert!(EmailAddress::parse(format!("a@{}.com", "x".repeat(64))).is_err());
    assert!(EmailAddress::parse("x@".repeat(500_000)).is_err());
}

#[test]
fn mailboxes() {
    for text in [
        "Internal Notify <jane@example.com>",
        "<jane@example.com>",
        "mailto:jane@example.com",
        "jane@example.com",
        "\"Doe, <Jane>\" <jane@example.com>",
    ] {
        assert_eq!(
            EmailAddress::from_mailbox(text).unwrap().as_str(),
            "jane@example.com",
            "{text}"
        );
    }
    assert!(EmailAddress::from_mailbox("<>").is_err());
    assert!(EmailAddress::from_mailbox("€€€").is_err());
}

#[test]
fn matching_ignores_case_but_equality_does_not() {
    let a = EmailAddress::parse("Jane@Example.com").unwrap();
    let b = EmailAddress::parse("jane@example.com").unwrap();
    assert_ne!(a, b);
    assert_eq!(a.normalized(), b.normalized());
    assert_eq!((a.local_part(), a.domain()), ("Jane", "example.com"));
}

#[test]
fn debug_is_masked_and_errors_do_not_repeat_the_text() {
    let email = EmailAddress::parse("jane.doe@example.com").unwrap();
    assert_eq!(format!("{email:?}"), "EmailAddress(j…@example.com)");
    assert_eq!(email.to_string(), "jane.doe@example.com");
    let error = EmailAddress::parse("jane.doe at example.com").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("doe"));
    let error = serde_json::from_str::<EmailAddress>("\"jane.doe at example.com\"").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("doe"));
}

#[test]
fn serde_writes_the_whole_address() {
    let email = EmailAddress::parse("jane@example.com").unwrap();
    let json = serde_json::to_string(&email).unwrap();
    assert_eq!(json, "\"jane@example.com\"");
    assert_eq!(serde_json::from_str::<EmailAddress>(&json).unwrap(), email);
}

proptest! {
    #[test]
    fn what_is_taken_is_taken_again_unchanged(text in "\\PC{0,80}") {
        if let Ok(email) = EmailAddress::parse(&text) {
            prop_assert_eq!(EmailAddress::parse(email.as_str()).unwrap(), email);
        }
        let _ = EmailAddress::from_mailbox(&text);
    }
}
