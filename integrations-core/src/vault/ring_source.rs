//! Where a key ring comes from: text, the environment, a file.

use std::io::{ErrorKind as IoKind, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::errors::MAKE_ONE;
use super::{KeyId, KeyRing, VaultKey};
use crate::{Error, ExposeSecret as _, Result};

/// Holds the ring: `2026-11:<base64>,2026-05:<base64>`, the active key first.
pub const ENV_KEYS: &str = "INTEGRATIONS_KEYS";
/// Holds a single key: `<base64>`.
pub const ENV_KEY: &str = "INTEGRATIONS_KEY";
/// Names a file that holds the ring.
pub const ENV_KEYS_FILE: &str = "INTEGRATIONS_KEYS_FILE";

impl KeyRing {
    /// Reads `id:base64` entries between commas or on lines of their own; the first is active, `#` starts a comment line.
    ///
    /// An entry without an id is named by the key's fingerprint.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the place of the bad entry, never its text.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim);
        let entries = lines
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let keys = entries.enumerate().map(|(at, entry)| {
            parse_entry(entry).map_err(|error| {
                // The causes repeat nothing of the entry.
                Error::config(format!("key {} of the ring: {}", at + 1, error.message()))
            })
        });
        Self::new(keys.collect::<Result<Vec<_>>>()?)
    }

    /// Reads the ring from [`ENV_KEYS`], [`ENV_KEY`] or the file that [`ENV_KEYS_FILE`] names.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when none or several of them are set, or as [`parse`](Self::parse).
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// [`from_env`](Self::from_env) over any source of named settings.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let found: Vec<_> = [ENV_KEYS, ENV_KEY, ENV_KEYS_FILE]
            .into_iter()
            .filter_map(|name| Some((name, Zeroizing::new(lookup(name)?))))
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        match found.as_slice() {
            [] => Err(Error::config(format!(
                "no encryption key: set {ENV_KEYS} or {ENV_KEY}; {MAKE_ONE}"
            ))),
            [(ENV_KEYS_FILE, path)] => Self::from_file(path.trim()),
            [(name, text)] => Self::parse(text)
                .map_err(|error| Error::config(format!("{name}: {}", error.message()))),
            [(first, _), (second, _), ..] => Err(Error::config(format!(
                "{first} and {second} are both set: keep one"
            ))),
        }
    }

    /// Reads the ring from a file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it cannot be read, or as [`parse`](Self::parse).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| unusable(path, "read", error))?;
        Self::parse(&text)
            .map_err(|error| Error::config(format!("{}: {}", path.display(), error.message())))
    }

    /// Reads the ring from a file, or makes the file, readable by its owner only, with one new key.
    ///
    /// For a single machine; keep a copy of the file apart from the database. Several processes may call it at once:
    /// they all get the same ring.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), or when the file cannot be made.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match path.try_exists() {
            Ok(true) => return Self::from_file(path),
            Ok(false) => {}
            Err(error) => return Err(unusable(path, "read", error)),
        }
        let ring = Self::generate()?;
        // Written aside and linked into place: nobody ever reads half a file, and only one maker wins.
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.new", uuid::Uuid::now_v7()));
        let written = write_private(aside.as_ref(), ring.to_text().expose_secret())
            .and_then(|()| std::fs::hard_link(&aside, path));
        std::fs::remove_file(&aside).ok();
        match written {
            Ok(()) => Ok(ring),
            Err(error) if error.kind() == IoKind::AlreadyExists => Self::from_file(path),
            Err(error) => Err(unusable(path, "write", error)),
        }
    }
}

fn parse_entry(entry: &str) -> Result<(KeyId, VaultKey)> {
    // Base64 holds no colon; an id may (a KMS name does).
    if let Some((id, key)) = entry.rsplit_once(':') {
        Ok((KeyId::new(id.trim())?, VaultKey::from_base64(key)?))
    } else {
        let key = VaultKey::from_base64(entry)?;
        Ok((key.fingerprint()?, key))
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unusable(path: &Path, what: &str, error: std::io::Error) -> Error {
    Error::config(format!("cannot {what} the key file {}", path.display())).with_source(error)
}
