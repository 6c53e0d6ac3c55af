use std::collections::BTreeMap;
use std::fmt::Debug;

use integrations_core::vault::{
    KeyRing, LegacyKey, LegacyReader, SealedRecord, Vault, VaultKey, take_secrets,
};

use crate::*;

const PLANTED: &str = "planted-secret-value";

/// Everything a type can say about itself, errors with all their causes.
fn all(shown: &mut String, value: &dyn Debug) {
    shown.push_str(&format!("{value:?} {value:#?}\n"));
}

fn all_of_error(shown: &mut String, error: &Error) {
    all(shown, error);
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        shown.push_str(&format!("{error}\n"));
        all(shown, &error);
        cause = error.source();
    }
}

#[test]
fn promise_07_no_vault_type_shows_a_secret_or_a_key() {
    // A key that is readable as text, so that every way of printing it would be found.
    let raw = *b"planted-key-material-32-bytes-ok";
    let key = || VaultKey::from_bytes(&raw).unwrap();
    let ring = || KeyRing::new([(KeyId::new("main").unwrap(), key())]).unwrap();
    let base64 = "cGxhbnRlZC1rZXktbWF0ZXJpYWwtMzItYnl0ZXMtb2s";
    let ring_text = ring().to_text();
    assert!(
        ring_text.expose_secret().contains(base64),
        "the needle is right"
    );

    let acme = tenant("acme");
    let vault = Vault::new(ring());
    let scope = scope_of(&acme, "/apiKey");
    let record_scope = scope.record();
    let sealed = seal(&vault, &scope, PLANTED);
    let values = secrets([("/apiKey", PLANTED)]);
    let record = Vault::now(vault.seal_record(&record_scope, &values, None)).unwrap();
    let record_key = Vault::now(vault.record_key(&record_scope, record.wrapped_key())).unwrap();
    let opened = Vault::now(vault.open_record(&record_scope, &record)).unwrap();
    let bytes = Vault::now(vault.open_bytes(&scope, &sealed)).unwrap();
    let legacy = || LegacyKey::text(&String::from_utf8(raw.to_vec()).unwrap().into()).unwrap();
    let reader = LegacyReader::new().with_cbc(legacy()).with_gcm(legacy());

    let mut shown = String::new();
    let things: [&dyn Debug; 16] = [
        &key(),
        &ring(),
        &ring_text,
        &vault,
        &scope,
        &record_scope,
        &sealed,
        sealed.wrapped_key(),
        sealed.ciphertext(),
        &record,
        &record_key,
        &opened,
        &bytes,
        &legacy(),
        &reader,
        &serde_json::to_string(&record).unwrap(),
    ];
    for thing in things {
        all(&mut shown, thing);
    }
    shown.push_str(&format!(
        "{sealed} {} {}",
        sealed.ciphertext(),
        record.to_text()
    ));

    let elsewhere = scope_of(&acme, "/other");
    let mut config = serde_json::json!({ "apiKey": [PLANTED] });
    let iv = "00".repeat(16);
    let changes = BTreeMap::from([("/apiKey".to_owned(), Some(PLANTED.into()))]);
    let stranger = crate::vault(&[7]);
    let errors = [
        open(&vault, &elsewhere, &sealed).unwrap_err(),
        open(&stranger, &scope, &sealed).unwrap_err(),
        PLANTED.parse::<Sealed>().unwrap_err(),
        format!("v1.{PLANTED}.{PLANTED}")
            .parse::<Sealed>()
            .unwrap_err(),
        SealedRecord::parse(PLANTED).unwrap_err(),
        SealedRecord::parse(&format!(r#"{{"v":1,"kek":"{PLANTED}"}}"#)).unwrap_err(),
        KeyRing::parse(PLANTED).unwrap_err(),
        KeyRing::parse(&format!("{base64}:{PLANTED}")).unwrap_err(),
        KeyRing::parse(&format!("a:{base64},b:{base64}")).unwrap_err(),
        KeyRing::parse(&format!("a:{base64}{base64}")).unwrap_err(),
        VaultKey::from_base64(PLANTED).unwrap_err(),
        VaultKey::from_bytes(&raw[1..]).unwrap_err(),
        take_secrets(&mut config, ["/apiKey"]).unwrap_err(),
        reader.open(PLANTED).unwrap_err(),
        reader.open(&format!("{iv}:{iv}:{iv}")).unwrap_err(),
        LegacyKey::hex(&PLANTED.into()).unwrap_err(),
        Vault::now(stranger.update_record(&record_scope, &record, &changes)).unwrap_err(),
    ];
    for error in &errors {
        all_of_error(&mut shown, error);
    }
    for needle in [
        "planted",
        base64,
        &base64[4..20],
        "706c616e746564",
        "112, 108, 97",
    ] {
        assert!(!shown.contains(needle), "{needle} in {shown}");
    }
    assert!(shown.contains("main"), "ids are shown");
}
