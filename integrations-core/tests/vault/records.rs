use std::collections::BTreeMap;

use integrations_core::ErrorKind;
use integrations_core::vault::{SealedRecord, Secrets, Vault, put_secrets, take_secrets};
use serde_json::json;

use crate::*;

#[test]
fn an_update_encrypts_only_what_changed() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "").record();
    let before = secrets([("/a", "1"), ("/b", "2"), ("/gone", "3")]);
    let before = Vault::now(vault.seal_record(&scope, &before, None)).unwrap();
    let wanted = secrets([("/a", "1"), ("/b", "changed"), ("/new", "4")]);

    let replaced = Vault::now(vault.seal_record(&scope, &wanted, Some(&before))).unwrap();
    let changes: BTreeMap<String, Option<SecretString>> = [
        ("/a", Some("1")),
        ("/b", Some("changed")),
        ("/new", Some("4")),
        ("/gone", None),
    ]
    .into_iter()
    .map(|(field, value)| (field.to_owned(), value.map(SecretString::from)))
    .collect();
    let patched = Vault::now(vault.update_record(&scope, &before, &changes)).unwrap();

    for after in [replaced, patched] {
        assert_eq!(after.wrapped_key(), before.wrapped_key());
        assert_eq!(after.field("/a"), before.field("/a"), "byte for byte");
        let nonce = |record: &SealedRecord| record.field("/b").unwrap().as_bytes()[..12].to_vec();
        assert_ne!(nonce(&after), nonce(&before), "a new nonce");
        assert!(after.field("/gone").is_none());
        let opened = Vault::now(vault.open_record(&scope, &after)).unwrap();
        assert_eq!(exposed(&opened), exposed(&wanted));
    }
}

#[test]
fn a_patch_leaves_the_rest_unopened() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "").record();
    let record = secrets([("/a", "1"), ("/b", "2")]);
    let record = Vault::now(vault.seal_record(&scope, &record, None)).unwrap();
    // `/a` and `/b` change places: both are unreadable now, and still nobody is kept from setting a third.
    let mut json = serde_json::to_value(&record).unwrap();
    let fields = json["fields"].as_object_mut().unwrap();
    let (a, b) = (fields["/a"].clone(), fields["/b"].clone());
    fields.insert("/a".into(), b);
    fields.insert("/b".into(), a);
    let swapped = SealedRecord::from_value(json).unwrap();
    assert_code(Vault::now(vault.open_record(&scope, &swapped)), "tampered");
    let change = BTreeMap::from([("/c".to_owned(), Some("3".into()))]);
    let patched = Vault::now(vault.update_record(&scope, &swapped, &change)).unwrap();
    assert_eq!(patched.field("/a"), swapped.field("/a"));
    let change = BTreeMap::from([("/a".to_owned(), Some("3".into()))]);
    let result = Vault::now(vault.update_record(&scope, &swapped, &change));
    assert_code(result, "tampered");
}

#[test]
fn stored_form_is_stable() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "").record();
    let record = secrets([("/a\"~1\u{7}é", "1"), ("", "2")]);
    let record = Vault::now(vault.seal_record(&scope, &record, None)).unwrap();
    let text = record.to_text();
    assert!(text.starts_with(r#"{"v":1,"kek":"k1","dek":""#), "{text}");
    assert_eq!(SealedRecord::parse(&text).unwrap(), record);
    assert_eq!(serde_json::to_string(&record).unwrap(), text);
    assert_eq!(serde_json::from_str::<SealedRecord>(&text).unwrap(), record);
    let empty = Vault::now(vault.seal_record(&scope, &Secrets::new(), None)).unwrap();
    assert_eq!(SealedRecord::parse(&empty.to_text()).unwrap(), empty);
}

/// Version 1 as Node.js writes it after the documented format, under the key of 32 bytes of 1: must open for ever.
#[test]
fn the_first_version_stays_readable() {
    let acme = tenant("acme");
    let vault = vault(&[2, 1]);
    let sealed = "v1.k1.Hs66SU_k3beJSuVBMKK1UFNBhJC0piYkK7D5GFuB5ILaKqXo3SI768lUXuzGOplfKMBb6YQfrZs3_66L.mZE50Hi9-B2LETMpZMnvqps3OQP_IoU1xYAdTlPpo3XiTPBY_ByL";
    let record = r#"{"v":1,"kek":"k1","dek":"KhachZn4agoFSqWs-L2-uB5i5Dhs6U5uRw7IGJT2YqC_Zg52tbZDQzOX8wsDEePihs6exnU6oUG64wVd","fields":{"/a":"VtVKluHSqVboYQq-sKc6jOYwYJ4OFLqT-Oz6OulOxQ","/b":"oG7JZI1W3_rGMW31Gd8nHYw-Qw9b3OrjXs9-0A"}}"#;
    let scope = scope_of(&acme, "/apiKey");
    let opened = open(&vault, &scope, &sealed.parse().unwrap()).unwrap();
    assert_eq!(opened, "pit-0123 é");
    let record = SealedRecord::parse(record).unwrap();
    let opened = Vault::now(vault.open_record(&scope.record(), &record)).unwrap();
    assert_eq!(exposed(&opened), [("/a", "one"), ("/b", "")]);
}

#[test]
fn the_cache_is_bounded_and_bound() {
    let acme = tenant("acme");
    let vault = vault(&[1]).with_cached_keys(8);
    let names: Vec<String> = (0..100).map(|number| format!("record:{number}")).collect();
    let sealed: Vec<_> = names
        .iter()
        .map(|name| seal(&vault, &Scope::new(&acme, name, "f"), name))
        .collect();
    assert!((1..=8).contains(&vault.cached_keys()), "{vault:?}");
    for (name, sealed) in names.iter().zip(&sealed) {
        let scope = Scope::new(&acme, name, "f");
        for _ in 0..2 {
            assert_eq!(open(&vault, &scope, sealed).unwrap(), *name);
        }
    }
    assert!(vault.cached_keys() <= 8);
    vault.forget_cached_keys();
    assert_eq!(vault.cached_keys(), 0);
    let uncached = vault.with_cached_keys(0);
    let scope = Scope::new(&acme, &names[0], "f");
    assert_eq!(open(&uncached, &scope, &sealed[0]).unwrap(), names[0]);
    assert_eq!(uncached.cached_keys(), 0);
}

#[test]
fn config_secrets_go_out_and_in() {
    let mut config = json!({
        "location": "L1",
        "auth": { "clientSecret": "s", "a/b~c": "t", "none": null },
        "list": [{ "token": "u" }],
    });
    let whole = config.clone();
    let paths = [
        "/auth/clientSecret",
        "/auth/a~1b~0c",
        "/auth/none",
        "/list/0/token",
        "/absent/x",
    ];
    let taken = take_secrets(&mut config, paths).unwrap();
    assert_eq!(
        config,
        json!({ "location": "L1", "auth": { "none": null }, "list": [{}] })
    );
    assert_eq!(
        exposed(&taken),
        [
            ("/auth/a~1b~0c", "t"),
            ("/auth/clientSecret", "s"),
            ("/list/0/token", "u")
        ]
    );
    put_secrets(&mut config, &taken).unwrap();
    assert_eq!(config, whole);

    let mut wrong = json!({ "a": { "secret": 12345 }, "b": "keep", "list": ["w"] });
    let before = wrong.clone();
    let error = take_secrets(&mut wrong, ["/b", "/a/secret", "/a", "/list/0", ""]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    let paths: Vec<_> = error.fields().iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["/a/secret", "/a", "/list/0", ""]);
    assert!(!error.to_string().contains("12345"));
    assert_eq!(wrong, before, "nothing was taken");

    let mut smaller = json!({ "location": "L1" });
    let error = put_secrets(&mut smaller, &taken).unwrap_err();
    assert_eq!(error.fields().len(), 3);
}
