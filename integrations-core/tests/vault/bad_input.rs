use integrations_core::vault::{Ciphertext, Scope, Sealed, SealedRecord, Vault, WrappedKey};
use integrations_core::{ErrorKind, ExposeSecret as _};

use crate::*;

#[test]
fn opens_only_in_its_place() {
    let (vault, acme, other) = (vault(&[1]), tenant("acme"), tenant("other"));
    let sealed = seal(&vault, &scope_of(&acme, "/apiKey"), "pit-1");
    assert_eq!(
        open(&vault, &scope_of(&acme, "/apiKey"), &sealed).unwrap(),
        "pit-1"
    );
    for wrong in [
        scope_of(&other, "/apiKey"),
        scope_of(&acme, "/clientSecret"),
        scope_of(&acme, ""),
        Scope::new(&acme, "integration:2", "/apiKey"),
        Scope::new(&acme, "", "/apiKey"),
    ] {
        assert_code(open(&vault, &wrong, &sealed), "tampered");
        let cold = vault.clone().with_cached_keys(0);
        assert_code(open(&cold, &wrong, &sealed), "tampered");
    }
}

#[test]
fn wrong_and_unknown_keys() {
    let acme = tenant("acme");
    let scope = scope_of(&acme, "/apiKey");
    let sealed = seal(&vault(&[1]), &scope, "pit-1");
    let error = assert_code(open(&vault(&[2]), &scope, &sealed), "unknown_key");
    let text = error.to_string();
    assert!(
        text.contains("k1") && text.contains("INTEGRATIONS_KEYS"),
        "{text}"
    );
    // The same id, another key.
    let ring = KeyRing::new([(KeyId::new("k1").unwrap(), key(9))]).unwrap();
    assert_code(open(&Vault::new(ring), &scope, &sealed), "tampered");
    // A key of the ring under the id of another one.
    let text = sealed.to_string().replace("v1.k1.", "v1.k2.");
    assert_code(
        open(&vault(&[1, 2]), &scope, &text.parse().unwrap()),
        "tampered",
    );
}

#[test]
fn every_truncation_is_an_error() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "/apiKey");
    let text = seal(&vault, &scope, "pit-1").to_string();
    for length in 0..text.len() {
        let result = text[..length].parse::<Sealed>();
        let error = result.and_then(|sealed| open(&vault, &scope, &sealed));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Crypto, "{length}");
    }
    let record = secrets([("/a", "1"), ("/b", "2")]);
    let record = Vault::now(vault.seal_record(&scope.record(), &record, None)).unwrap();
    let text = record.to_text();
    for length in 0..text.len() {
        assert_code(SealedRecord::parse(&text[..length]), "malformed");
    }
    // The bytes themselves, cut from either end.
    let bytes = record.field("/a").unwrap().as_bytes();
    for length in 0..bytes.len() {
        for part in [&bytes[..length], &bytes[bytes.len() - length..]] {
            let key = Vault::now(vault.record_key(&scope.record(), record.wrapped_key())).unwrap();
            let opened = Ciphertext::from_bytes(part).and_then(|cut| key.open("/a", &cut));
            assert!(matches!(
                opened.unwrap_err().code(),
                Some("malformed" | "tampered")
            ));
        }
    }
    let wrapped = record.wrapped_key();
    for length in 0..wrapped.as_bytes().len() {
        let cut = WrappedKey::new(wrapped.key_id().clone(), &wrapped.as_bytes()[..length]);
        let key = cut.and_then(|cut| Vault::now(vault.record_key(&scope.record(), &cut)));
        assert_code(key.map(drop), "malformed");
    }
}

#[test]
fn every_flipped_character_is_an_error() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "/apiKey");
    let text = seal(&vault, &scope, "pit-1").to_string();
    for at in 0..text.len() {
        for replacement in ['A', 'B', 'z', '0', '-', '_', '.', '=', '+', '/', ' ', '\n'] {
            let mut changed = text.clone();
            changed.replace_range(at..=at, replacement.encode_utf8(&mut [0; 4]));
            if changed == text {
                continue;
            }
            let parsed = changed.parse::<Sealed>();
            let result = parsed.and_then(|sealed| open(&vault, &scope, &sealed));
            let error = result.expect_err(&changed);
            assert_eq!(error.kind(), ErrorKind::Crypto, "{changed}");
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "/apiKey").record();
    let record = secrets([("/apiKey", "pit-1")]);
    let record = Vault::now(vault.seal_record(&scope, &record, None)).unwrap();
    let key = Vault::now(vault.record_key(&scope, record.wrapped_key())).unwrap();
    let mut bytes = record.field("/apiKey").unwrap().as_bytes().to_vec();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = Ciphertext::from_bytes(bytes.as_slice()).unwrap();
        assert_code(key.open("/apiKey", &changed), "tampered");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    let mut bytes = record.wrapped_key().as_bytes().to_vec();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = WrappedKey::new(record.key_id().clone(), bytes.as_slice()).unwrap();
        assert_code(Vault::now(vault.record_key(&scope, &changed)), "tampered");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn texts_that_are_not_ours() {
    let good = "v1.k1.AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(good.parse::<Sealed>().is_ok());
    for (text, code) in [
        ("", "malformed"),
        ("pit-plain-text", "malformed"),
        ("v1.", "malformed"),
        ("v1...", "malformed"),
        ("v1.k1.AAAA", "malformed"),
        (
            "v1..AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        (
            "v1.k 1.AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        ("v1.k1..AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "malformed"),
        (
            "V1.k1.AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        ("version.k1.AAAA.AAAA", "malformed"),
        ("v2.k1.AAAA.AAAA", "unsupported_version"),
        ("v12.anything at all", "unsupported_version"),
        ("v0x.k1.AAAA.AAAA", "malformed"),
        // Not canonical base64url: padding, the standard alphabet, stray bits, a line break.
        (
            "v1.k1.AAA=.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        (
            "v1.k1.AA+/.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        (
            "v1.k1.AAB.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        (
            "v1.k1.AAAA\n.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "malformed",
        ),
        (
            "v1.k1.AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
            "malformed",
        ),
    ] {
        let error = assert_code(text.parse::<Sealed>(), code);
        assert!(!error.to_string().contains("plain-text"), "{error}");
    }
    for (json, code) in [
        ("", "malformed"),
        ("null", "malformed"),
        ("[]", "malformed"),
        (r#"{"fields":{}}"#, "malformed"),
        (r#"{"v":0}"#, "malformed"),
        (r#"{"v":"1"}"#, "malformed"),
        (r#"{"v":1}"#, "malformed"),
        (r#"{"v":2,"anything":true}"#, "unsupported_version"),
        (
            r#"{"v":1,"kek":"k1","dek":"AAAA","fields":{"a":"AAAA"}}"#,
            "malformed",
        ),
        (r#"{"v":1,"kek":"k1","dek":"","fields":{}}"#, "malformed"),
        (
            r#"{"v":1,"kek":"k1","dek":"AAAA","fields":{},"more":1}"#,
            "malformed",
        ),
    ] {
        assert_code(SealedRecord::parse(json), code);
    }
    let stored: Result<SealedRecord, _> = serde_json::from_str(r#"{"v":7}"#);
    assert!(stored.unwrap_err().to_string().contains("newer version"));
}

#[test]
fn sizes_and_bytes() {
    let (vault, acme) = (vault(&[1]), tenant("acme"));
    let scope = scope_of(&acme, "/value");
    let large = "x".repeat(1 << 20);
    for text in ["", "a", "né 🔑", &large] {
        let sealed = seal(&vault, &scope, text);
        let stored: Sealed = sealed.to_string().parse().unwrap();
        assert_eq!(stored, sealed);
        assert_eq!(open(&vault, &scope, &stored).unwrap(), text);
    }
    let bytes = [0xff, 0xfe, 0x00, 0x80];
    let sealed = seal(&vault, &scope, bytes);
    assert_code(open(&vault, &scope, &sealed), "not_text");
    let opened = Vault::now(vault.open_bytes(&scope, &sealed)).unwrap();
    assert_eq!(opened.expose_secret(), bytes);
}

#[test]
fn tells_its_own_values_from_others() {
    let acme = tenant("acme");
    let sealed = seal(&vault(&[1]), &scope_of(&acme, "/a"), "pit-1").to_string();
    assert!(Sealed::looks_sealed(&sealed));
    assert!(Sealed::looks_sealed("v2.whatever"));
    for other in [
        "",
        "v1",
        "pit-1",
        "vault.key",
        "v.1",
        "v1234.x",
        "00ff:00ff",
    ] {
        assert!(!Sealed::looks_sealed(other), "{other}");
    }
}
