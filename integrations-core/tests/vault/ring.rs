use std::collections::HashMap;
use std::path::PathBuf;

use integrations_core::vault::{KeyId, KeyRing, Vault, VaultKey};
use integrations_core::{ErrorKind, ExposeSecret as _};

use crate::*;

/// 32 bytes of 1 and of 2.
const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn ids(ring: &KeyRing) -> Vec<&str> {
    ring.ids().map(KeyId::as_str).collect()
}

fn from(settings: &[(&str, &str)]) -> Result<KeyRing> {
    let settings: HashMap<_, _> = settings.iter().copied().collect();
    KeyRing::from_lookup(|name| settings.get(name).map(|value| (*value).to_owned()))
}

/// A directory of this test, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vault-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn texts_of_a_ring() {
    let unpadded = ONE.trim_end_matches('=');
    let arn = "arn:aws:kms:eu-central-1:1:key/x.y";
    for (text, expected) in [
        (format!("a:{ONE}"), vec!["a"]),
        (format!("a:{ONE},b:{TWO}"), vec!["a", "b"]),
        (format!(" b : {TWO} ,\n a : {ONE} ,\n"), vec!["b", "a"]),
        (
            format!("# keys, newest first\nb:{TWO}\n\na:{ONE}\r\n"),
            vec!["b", "a"],
        ),
        (format!("a:{unpadded}"), vec!["a"]),
        (format!("{arn}:{ONE}"), vec![arn]),
    ] {
        let ring = KeyRing::parse(&text).unwrap();
        assert_eq!(ids(&ring), expected);
        assert_eq!(ring.active_id().as_str(), expected[0]);
        let again = KeyRing::parse(ring.to_text().expose_secret()).unwrap();
        assert_eq!(ids(&again), expected, "text and back");
    }
    // Both alphabets are read.
    let standard = VaultKey::from_base64("+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/8=").unwrap();
    let url_safe = VaultKey::from_base64("-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8").unwrap();
    assert_eq!(standard, url_safe);
}

#[test]
fn keys_without_a_name_are_named_by_fingerprint() {
    let single = from(&[("INTEGRATIONS_KEY", ONE)]).unwrap();
    let name = single.active_id().as_str().to_owned();
    assert!(name.starts_with('k') && name.len() == 17, "{name}");
    // The same key keeps its name when a second one joins; another key has another name.
    let pair = from(&[("INTEGRATIONS_KEYS", &format!("{TWO},{ONE}"))]).unwrap();
    assert_eq!(ids(&pair)[1], name);
    assert_ne!(ids(&pair)[0], name);
    let acme = tenant("acme");
    let scope = scope_of(&acme, "/a");
    let sealed = seal(&Vault::new(single), &scope, "pit-1");
    assert_eq!(open(&Vault::new(pair), &scope, &sealed).unwrap(), "pit-1");
}

#[test]
fn bad_rings_say_what_to_do() {
    let short = "AQEBAQEBAQEBAQEBAQEBAQ==";
    let long = ONE.repeat(3).replace('=', "A");
    for (text, says) in [
        (String::new(), "empty"),
        (" \n,, # \n".into(), "key 1"),
        ("# only a comment".into(), "empty"),
        (format!("a:{ONE},a:{TWO}"), "key 2 of the ring has the id"),
        (format!("a:{ONE},b:{ONE}"), "key 2 of the ring equals"),
        (format!("a:{short}"), "32 bytes, this one has 16"),
        (format!("a:{ONE},b:{long}"), "key 2"),
        ("a:planted".into(), "openssl rand -base64 32"),
        ("planted".into(), "openssl rand -base64 32"),
        (format!("{ONE}:planted"), "openssl rand -base64 32"),
        (format!("a b:{ONE}"), "a key id is"),
        (format!(":{ONE}"), "a key id is"),
        (format!("{}:{ONE}", "x".repeat(257)), "a key id is"),
    ] {
        let error = KeyRing::parse(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says), "{text:?}: {shown}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(!shown.contains("AQEB"), "{shown}");
    }
    let none: [(KeyId, VaultKey); 0] = [];
    assert_eq!(KeyRing::new(none).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(
        VaultKey::from_bytes(&[1; 31]).unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[test]
fn settings_of_the_environment() {
    let file = Folder::new("env");
    let path = file.0.join("keys");
    std::fs::write(&path, format!("a:{ONE}\n")).unwrap();
    let path = path.to_str().unwrap();
    let missing = file.0.join("missing");
    let missing = missing.to_str().unwrap();

    let two = format!("a:{ONE},b:{TWO}");
    assert_eq!(
        ids(&from(&[("INTEGRATIONS_KEYS", &two)]).unwrap()),
        ["a", "b"]
    );
    assert_eq!(
        ids(&from(&[("INTEGRATIONS_KEYS_FILE", path)]).unwrap()),
        ["a"]
    );
    let empty_is_unset = [("INTEGRATIONS_KEY", " "), ("INTEGRATIONS_KEYS", &two)];
    assert!(from(&empty_is_unset).is_ok());
    for (settings, says) in [
        (&[][..], "set INTEGRATIONS_KEYS or INTEGRATIONS_KEY"),
        (&[("INTEGRATIONS_KEY", "x")], "INTEGRATIONS_KEY: key 1"),
        (&[("INTEGRATIONS_KEYS_FILE", missing)], "cannot read"),
        (
            &[
                ("INTEGRATIONS_KEYS", two.as_str()),
                ("INTEGRATIONS_KEY", ONE),
            ],
            "INTEGRATIONS_KEYS and INTEGRATIONS_KEY are both set",
        ),
    ] {
        let error = from(settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_key_file_is_made_once() {
    let folder = Folder::new("create");
    let path = folder.0.join("keys");
    let rings: Vec<KeyRing> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| KeyRing::load_or_create(&path).unwrap()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for ring in &rings {
        assert_eq!(ids(ring), ids(&rings[0]), "everybody has the same key");
    }
    assert_eq!(
        ids(&KeyRing::load_or_create(&path).unwrap()),
        ids(&rings[0])
    );
    assert_eq!(
        std::fs::read_dir(&folder.0).unwrap().count(),
        1,
        "nothing is left aside"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A file that is there but unusable is never replaced.
    std::fs::write(&path, "").unwrap();
    assert!(KeyRing::load_or_create(&path).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"");
    let nowhere = folder.0.join("missing").join("keys");
    let error = KeyRing::load_or_create(&nowhere).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}

#[test]
fn generated_rings_differ() {
    let (a, b) = (KeyRing::generate().unwrap(), KeyRing::generate().unwrap());
    assert_ne!(a.active_id(), b.active_id());
    assert_ne!(a.to_text().expose_secret(), b.to_text().expose_secret());
}
