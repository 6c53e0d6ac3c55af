use integrations_core::vault::{LegacyFormat, LegacyKey, LegacyReader, Vault};
use integrations_core::{ErrorKind, ExposeSecret as _};
use serde::Deserialize;

use crate::*;

/// Made with Node.js 20 by the code of the old systems' documents, for example:
/// `c=crypto.createCipheriv("aes-256-cbc",crypto.scryptSync(secret,"salt",32),iv);` and
/// `iv.toString("hex")+":"+c.update(text,"utf8","hex")+c.final("hex")`. Texts and secrets are made up.
#[derive(Deserialize)]
struct Vectors {
    cbc_secret: SecretString,
    gcm_secret: SecretString,
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    format: String,
    text: String,
    stored: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("legacy.json")).unwrap()
}

fn reader(vectors: &Vectors) -> LegacyReader {
    LegacyReader::new()
        .with_cbc(LegacyKey::scrypt(&vectors.cbc_secret).unwrap())
        .with_gcm(LegacyKey::text(&vectors.gcm_secret).unwrap())
}

#[test]
fn values_of_node_open() {
    let vectors = vectors();
    let reader = reader(&vectors);
    assert_eq!(vectors.values.len(), 14);
    for value in &vectors.values {
        let format = match value.format.as_str() {
            "cbc" => LegacyFormat::Aes256Cbc,
            _ => LegacyFormat::Aes256Gcm,
        };
        for stored in [value.stored.clone(), value.stored.to_uppercase()] {
            assert_eq!(LegacyFormat::detect(&stored), Some(format));
            let opened = reader.open(&stored).unwrap();
            assert_eq!(opened.expose_secret(), value.text);
        }
    }
}

#[test]
fn they_move_into_the_vault() {
    let vectors = vectors();
    let (reader, vault, acme) = (reader(&vectors), vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "/apiKey");
    for value in &vectors.values {
        let text = reader.open(&value.stored).unwrap();
        let sealed = seal(&vault, &scope, text.expose_secret());
        assert_eq!(LegacyFormat::detect(&sealed.to_string()), None);
        assert_eq!(open(&vault, &scope, &sealed).unwrap(), value.text);
    }
}

#[test]
fn keys_in_every_form_are_the_same() {
    let vectors = vectors();
    let gcm = vectors.values.iter().find(|value| value.format == "gcm");
    let gcm = gcm.unwrap();
    let secret = vectors.gcm_secret.expose_secret();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY=";
    for key in [
        LegacyKey::text(&vectors.gcm_secret),
        LegacyKey::hex(&hex.into()),
        LegacyKey::base64(&base64.into()),
    ] {
        let reader = LegacyReader::new().with_gcm(key.unwrap());
        assert_eq!(reader.open(&gcm.stored).unwrap().expose_secret(), gcm.text);
    }
    for bad in [
        LegacyKey::scrypt(&"".into()),
        LegacyKey::text(&"planted: too short".into()),
        LegacyKey::hex(&"planted".into()),
        LegacyKey::base64(&"planted".into()),
    ] {
        let error = bad.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}

#[test]
fn garbage_is_named() {
    let reader = reader(&vectors());
    let iv = "00".repeat(16);
    for text in [
        "",
        ":",
        "::",
        "pit-plain-text",
        "v1.k1.AAAA.AAAA",
        "https://example.com:8080",
        &iv,
        &format!("{iv}:"),
        &format!("{iv}:00"),
        &format!("{iv}:{}", "0".repeat(31)),
        &format!("{iv}:{}g", "0".repeat(31)),
        &format!("{iv}:{}", "é".repeat(16)),
        &format!("00:{iv}"),
        &format!("{iv}:00:{iv}"),
        &format!("{iv}:{iv}:0"),
        &format!("{iv}:{iv}:zz"),
        &format!("{iv}:{iv}:{iv}:{iv}"),
        &format!("{iv}: {iv}"),
        &format!("{iv}:{iv}\n"),
    ] {
        assert_eq!(LegacyFormat::detect(text), None, "{text}");
        let error = assert_code(reader.open(text), "legacy_malformed");
        assert!(!error.to_string().contains("plain-text"), "{error}");
    }
    let value = &vectors().values[0].stored;
    assert_code(LegacyReader::new().open(value), "legacy_no_key");
}

/// A bad padding, a bad tag, a text that is not UTF-8, another key: one error, word for word.
#[test]
fn damage_has_one_error() {
    let vectors = vectors();
    let reader = reader(&vectors);
    let other = LegacyReader::new()
        .with_cbc(LegacyKey::text(&vectors.gcm_secret).unwrap())
        .with_gcm(LegacyKey::hex(&"11".repeat(32).into()).unwrap());
    let mut words = std::collections::BTreeSet::new();
    for value in &vectors.values {
        let at = value.stored.trim_end_matches(':').len() - 1;
        let digit = &value.stored[at..=at];
        let mut damaged = value.stored.clone();
        damaged.replace_range(at..=at, if digit == "0" { "1" } else { "0" });
        let results = [reader.open(&damaged), other.open(&value.stored)];
        for result in results {
            match result {
                Err(error) => {
                    let error = assert_code::<()>(Err(error), "legacy_unreadable");
                    words.insert(format!("{error} {error:?}"));
                }
                // CBC authenticates nothing: it may open to something else.
                Ok(text) => {
                    assert_eq!(value.format, "cbc");
                    assert_ne!(text.expose_secret(), value.text);
                }
            }
        }
    }
    assert_eq!(words.len(), 1, "{words:?}");
}

#[test]
fn a_derived_key_is_derived_once() {
    let vectors = vectors();
    let reader = reader(&vectors);
    let cbc = &vectors.values[0].stored;
    // 25 ms each would be 25 seconds.
    let start = tokio::time::Instant::now();
    for _ in 0..1000 {
        reader.open(cbc).unwrap();
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn the_vault_never_writes_them() {
    let acme = tenant("acme");
    let text = Vault::now(vault(&[1]).seal(&scope_of(&acme, "/a"), "x")).unwrap();
    assert!(text.to_string().starts_with("v1."));
}
