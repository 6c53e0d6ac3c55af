use std::collections::{BTreeMap, BTreeSet};

use integrations_core::vault::{
    Ciphertext, KeyRing, LegacyFormat, LegacyKey, LegacyReader, RecordScope, Scope, Sealed,
    SealedRecord, Secrets, Vault,
};
use integrations_core::{ErrorKind, ExposeSecret as _, SecretString, TenantId};
use proptest::prelude::*;

use crate::{exposed, vault};

fn tenant() -> impl Strategy<Value = TenantId> {
    "[a-c:]{1,4}".prop_map(|id| TenantId::new(id).unwrap())
}

/// Few letters, so that parts often touch and repeat.
fn part() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c:/\\x00]{0,4}", ".{0,40}"]
}

fn place() -> impl Strategy<Value = (TenantId, String, String)> {
    (tenant(), part(), part())
}

fn values() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-d/]{0,2}", "[xy]{0,2}|.{0,80}", 0..6)
}

fn to_secrets(values: &BTreeMap<String, String>) -> Secrets {
    let values = values.iter();
    values
        .map(|(field, value)| (field.clone(), SecretString::from(value.as_str())))
        .collect()
}

fn scope((tenant, record, field): &(TenantId, String, String)) -> Scope<'_> {
    Scope::new(tenant, record, field)
}

/// The lengths and bytes of a scope cannot be shifted between its parts.
fn associated(places: &[(TenantId, String, String)]) -> BTreeSet<Vec<u8>> {
    let fields = places.iter().map(|place| scope(place).associated_data());
    let records = places
        .iter()
        .map(|place| scope(place).record().associated_data());
    fields.chain(records).collect()
}

proptest! {
    #[test]
    fn what_is_sealed_opens(place in place(), plaintext in prop::collection::vec(any::<u8>(), 0..600)) {
        let (vault, scope) = (vault(&[1]), scope(&place));
        let sealed = Vault::now(vault.seal(&scope, &plaintext)).unwrap();
        let stored: Sealed = sealed.to_string().parse().unwrap();
        prop_assert_eq!(&stored, &sealed);
        let json = serde_json::to_string(&sealed).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Sealed>(&json).unwrap(), &sealed);
        for vault in [&vault, &vault.clone().with_cached_keys(0)] {
            let opened = Vault::now(vault.open_bytes(&scope, &stored)).unwrap();
            prop_assert_eq!(opened.expose_secret(), plaintext.as_slice());
            let text = Vault::now(vault.open(&scope, &stored));
            match String::from_utf8(plaintext.clone()) {
                Ok(plaintext) => {
                    let text = text.unwrap();
                    prop_assert_eq!(text.expose_secret(), plaintext.as_str());
                }
                Err(_) => {
                    let error = text.unwrap_err();
                    prop_assert_eq!(error.code(), Some("not_text"));
                }
            }
        }
    }

    #[test]
    fn what_is_moved_does_not_open(from in place(), to in place(), cached in any::<bool>()) {
        prop_assume!(from != to);
        let vault = vault(&[1]).with_cached_keys(if cached { 16 } else { 0 });
        let sealed = Vault::now(vault.seal(&scope(&from), "pit-1")).unwrap();
        let error = Vault::now(vault.open(&scope(&to), &sealed)).unwrap_err();
        prop_assert_eq!(error.code(), Some("tampered"));
    }

    #[test]
    fn associated_data_is_unambiguous(places in prop::collection::hash_set(place(), 1..40)) {
        let places: Vec<_> = places.into_iter().collect();
        let records: BTreeSet<_> = places.iter().map(|(t, r, _)| (t, r)).collect();
        prop_assert_eq!(associated(&places).len(), places.len() + records.len());
    }

    /// The same text, cut in other places.
    #[test]
    fn associated_data_marks_the_cuts(text in "[ab]{3,8}", cuts in prop::collection::vec((1..8usize, 0..8usize), 2..20)) {
        let places: BTreeSet<_> = cuts
            .into_iter()
            .map(|(a, b)| {
                let a = a.min(text.len());
                let b = (a + b).min(text.len());
                (TenantId::new(&text[..a]).unwrap(), text[a..b].to_owned(), text[b..].to_owned())
            })
            .collect();
        let places: Vec<_> = places.into_iter().collect();
        let records: BTreeSet<_> = places.iter().map(|(t, r, _)| (t, r)).collect();
        prop_assert_eq!(associated(&places).len(), places.len() + records.len());
    }

    #[test]
    fn no_text_panics(text in ".{0,200}|v[0-9]{0,2}\\.[a-z0-9.]{0,20}\\.[A-Za-z0-9_.-]{0,200}", place in place()) {
        let vault = vault(&[1]);
        if let Ok(sealed) = text.parse::<Sealed>() {
            prop_assert_eq!(sealed.to_string(), text.as_str(), "one text for each value");
            prop_assert!(Vault::now(vault.open(&scope(&place), &sealed)).is_err());
        }
        let _ = Sealed::looks_sealed(&text);
        let _ = SealedRecord::parse(&text);
        let _ = text.parse::<Ciphertext>();
        if let Err(error) = KeyRing::parse(&text) {
            prop_assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), place in place()) {
        let vault = vault(&[1]);
        let scope = scope(&place);
        let key = Vault::now(vault.new_record_key(&scope.record())).unwrap();
        let opened = Ciphertext::from_bytes(bytes.as_slice())
            .and_then(|ciphertext| key.open_bytes(scope.field(), &ciphertext));
        prop_assert_eq!(opened.unwrap_err().kind(), ErrorKind::Crypto);
        let _ = SealedRecord::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_legacy_text_panics(text in ".{0,100}|[0-9a-f]{32}:[0-9a-f]{32}|[0-9a-f]{32}:[0-9a-f]{32}:([0-9a-f]{2}){0,40}") {
        let key = || LegacyKey::text(&"0123456789abcdef0123456789ABCDEF".into()).unwrap();
        let reader = LegacyReader::new().with_cbc(key()).with_gcm(key());
        let result = reader.open(&text);
        let code = result.as_ref().err().and_then(|error| error.code());
        match LegacyFormat::detect(&text) {
            None => prop_assert_eq!(code, Some("legacy_malformed")),
            Some(LegacyFormat::Aes256Cbc) if result.is_ok() => {}
            Some(_) => prop_assert_eq!(code, Some("legacy_unreadable")),
        }
    }

    #[test]
    fn updates_encrypt_only_what_changed(place in place(), before in values(), after in values()) {
        let vault = vault(&[1]);
        let scope: RecordScope<'_> = scope(&place).record();
        let old = Vault::now(vault.seal_record(&scope, &to_secrets(&before), None)).unwrap();
        let wanted = to_secrets(&after);
        let new = Vault::now(vault.seal_record(&scope, &wanted, Some(&old))).unwrap();
        prop_assert_eq!(new.wrapped_key(), old.wrapped_key());
        prop_assert_eq!(new.fields().keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (field, value) in &after {
            let unchanged = before.get(field) == Some(value);
            prop_assert_eq!(new.field(field) == old.field(field), unchanged);
            if let (false, Some(old), Some(new)) = (unchanged, old.field(field), new.field(field)) {
                prop_assert_ne!(&old.as_bytes()[..12], &new.as_bytes()[..12]);
            }
        }
        let stored = SealedRecord::parse(&new.to_text()).unwrap();
        prop_assert_eq!(&stored, &new);
        let opened = Vault::now(vault.open_record(&scope, &stored)).unwrap();
        prop_assert_eq!(exposed(&opened), exposed(&wanted));
    }

    #[test]
    fn rotations_keep_every_value(place in place(), values in values()) {
        let (old, both, new) = (vault(&[1]), vault(&[2, 1]), vault(&[2]));
        let scope = scope(&place).record();
        let wanted = to_secrets(&values);
        let row = Vault::now(old.seal_record(&scope, &wanted, None)).unwrap();
        let rewrapped = Vault::now(both.upgrade(&scope, &row)).unwrap().unwrap();
        prop_assert_eq!(rewrapped.fields(), row.fields());
        let again = Vault::now(both.reencrypt(&scope, &row)).unwrap();
        for row in [rewrapped, again] {
            let opened = Vault::now(new.open_record(&scope, &row)).unwrap();
            prop_assert_eq!(exposed(&opened), exposed(&wanted));
        }
    }
}
