use integrations_core::vault::{Scope, SealedRecord, Vault};

use crate::*;

#[test]
fn a_whole_rotation() {
    let acme = tenant("acme");
    let old = vault(&[1]);
    let scope = scope_of(&acme, "/token");
    let rows: Vec<SealedRecord> = (0..10)
        .map(|number| {
            let values = secrets([("/a", &number.to_string()), ("/b", "same")]);
            Vault::now(old.seal_record(&scope.record(), &values, None)).unwrap()
        })
        .collect();
    let value = seal(&old, &scope, "pit-1");

    // Both keys: old rows open, new ones are sealed under the new key.
    let both = vault(&[2, 1]);
    assert_eq!(both.active_id().as_str(), "k2");
    assert_eq!(open(&both, &scope, &value).unwrap(), "pit-1");
    let mut current = Vec::new();
    for row in &rows {
        assert!(both.needs_rewrap(row.wrapped_key()));
        let next = Vault::now(both.upgrade(&scope.record(), row));
        let next = next.unwrap().expect("a row under the old key");
        assert_eq!(next.key_id().as_str(), "k2");
        assert_eq!(next.fields(), row.fields(), "no field is encrypted again");
        let again = Vault::now(both.upgrade(&scope.record(), &next)).unwrap();
        assert!(again.is_none(), "nothing left to do");
        current.push(next);
    }
    let value = Vault::now(both.upgrade_value(&scope, &value)).unwrap();
    let value = value.unwrap();
    assert!(
        Vault::now(both.upgrade_value(&scope, &value))
            .unwrap()
            .is_none()
    );

    // The old key is gone.
    let new = vault(&[2]);
    assert_eq!(open(&new, &scope, &value).unwrap(), "pit-1");
    for (number, row) in current.iter().enumerate() {
        let opened = Vault::now(new.open_record(&scope.record(), row)).unwrap();
        let number = number.to_string();
        assert_eq!(exposed(&opened), [("/a", number.as_str()), ("/b", "same")]);
    }
    let forgotten = Vault::now(new.open_record(&scope.record(), &rows[0]));
    assert!(
        assert_code(forgotten, "unknown_key")
            .to_string()
            .contains("k1")
    );
}

#[test]
fn a_step_back_is_a_rotation_too() {
    let acme = tenant("acme");
    let scope = scope_of(&acme, "/token");
    let new = seal(&vault(&[2, 1]), &scope, "pit-1");
    let back = Vault::now(vault(&[1, 2]).upgrade_value(&scope, &new)).unwrap();
    assert_eq!(open(&vault(&[1]), &scope, &back.unwrap()).unwrap(), "pit-1");
}

#[test]
fn rewrapping_checks_the_place() {
    let (acme, other) = (tenant("acme"), tenant("other"));
    let both = vault(&[2, 1]);
    let value = seal(&vault(&[1]), &scope_of(&acme, "/token"), "pit-1");
    for wrong in [
        scope_of(&other, "/token"),
        Scope::new(&acme, "integration:2", "/token"),
    ] {
        assert_code(Vault::now(both.rewrap_value(&wrong, &value)), "tampered");
    }
    let lost = vault(&[3]);
    let scope = scope_of(&acme, "/token");
    assert_code(Vault::now(lost.rewrap_value(&scope, &value)), "unknown_key");
}

#[test]
fn reencryption_changes_everything_but_the_values() {
    let acme = tenant("acme");
    let both = vault(&[2, 1]);
    let scope = scope_of(&acme, "/token");
    let values = secrets([("/a", "1"), ("/b", "2")]);
    let row = Vault::now(vault(&[1]).seal_record(&scope.record(), &values, None)).unwrap();
    let next = Vault::now(both.reencrypt(&scope.record(), &row)).unwrap();
    assert_eq!(next.key_id().as_str(), "k2");
    for field in ["/a", "/b"] {
        assert_ne!(next.field(field), row.field(field));
    }
    // The new fields do not open under the old data key.
    let old = Vault::now(both.record_key(&scope.record(), row.wrapped_key())).unwrap();
    assert_code(old.open("/a", next.field("/a").unwrap()), "tampered");
    let opened = Vault::now(vault(&[2]).open_record(&scope.record(), &next)).unwrap();
    assert_eq!(exposed(&opened), exposed(&values));

    let bytes = [0xff, 0x00];
    let value = seal(&vault(&[1]), &scope, bytes);
    let next = Vault::now(both.reencrypt_value(&scope, &value)).unwrap();
    let opened = Vault::now(both.open_bytes(&scope, &next)).unwrap();
    assert_eq!(opened.expose_secret(), bytes);
}
