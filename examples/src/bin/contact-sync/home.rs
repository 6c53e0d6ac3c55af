//! The folder beside the database: the two simulated CRMs, the key, and what this sync is.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use integrations_core::vault::{KeyRing, Vault};
use integrations_core::{Error, ExposeSecret, IntegrationId, Result, TenantId};
use serde::{Deserialize, Serialize};

use crate::Arguments;

/// What stays the same from start to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    contacts: u32,
    seed: u64,
    tenant: String,
    left: String,
    right: String,
}

pub(crate) struct Home {
    folder: PathBuf,
    state: State,
    pub(crate) tenant: TenantId,
    pub(crate) vault: Vault,
    /// Whether an earlier process was here.
    pub(crate) resumed: bool,
    /// Held as long as this process lives.
    _lock: File,
}

impl Home {
    pub(crate) fn open(arguments: &Arguments) -> Result<Self> {
        let folder = match &arguments.crms {
            Some(folder) => folder.clone(),
            None => beside(&arguments.database)?,
        };
        let failed = |what: &'static str| {
            let folder = folder.display().to_string();
            move |error: std::io::Error| {
                Error::config(format!("{what} {folder}: {error}")).with_source(error)
            }
        };
        fs::create_dir_all(&folder).map_err(failed("cannot make the folder"))?;
        let lock =
            File::create(folder.join("lock")).map_err(failed("cannot write to the folder"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::config(format!(
                    "another contact-sync is at work on {}: wait for its end, or kill it",
                    folder.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed("cannot lock")(error)),
        }
        let state = folder.join("state.json");
        let keys = folder.join("keys");
        if arguments.fresh {
            // What makes the rest valid goes first.
            for file in [&state, &keys, &folder.join("left"), &folder.join("right")] {
                match fs::remove_file(file) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(failed("cannot empty")(error));
                    }
                    _ => {}
                }
            }
        }
        let resumed = state.exists();
        if !resumed {
            begin(arguments, &state, &keys).map_err(failed("cannot write to the folder"))?;
        }
        let text = fs::read_to_string(&state).map_err(failed("cannot read"))?;
        let state: State = serde_json::from_str(&text).map_err(|_| {
            Error::config(format!(
                "{} is not understood: start over with --fresh",
                state.display()
            ))
        })?;
        if (state.contacts, state.seed) != (arguments.contacts, arguments.seed) {
            return Err(Error::config(format!(
                "{} holds a sync of --contacts {} --seed {}: say the same to go on with it, or --fresh to start over",
                folder.display(),
                state.contacts,
                state.seed
            )));
        }
        let ring = fs::read_to_string(&keys).map_err(failed("cannot read the key in"))?;
        Ok(Self {
            tenant: TenantId::new(&state.tenant)?,
            vault: Vault::new(KeyRing::parse(&ring)?),
            folder,
            state,
            resumed,
            _lock: lock,
        })
    }

    /// Where a CRM is kept.
    pub(crate) fn journal(&self, side: &str) -> PathBuf {
        self.folder.join(side)
    }

    /// The location's id of each side.
    pub(crate) fn locations(&self) -> [&str; 2] {
        [&self.state.left, &self.state.right]
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

fn begin(arguments: &Arguments, state: &Path, keys: &Path) -> std::io::Result<()> {
    // A tenant of its own, so that nothing in the database is taken for this sync's.
    let id = IntegrationId::new().as_uuid().simple().to_string();
    let ring = KeyRing::generate().map_err(std::io::Error::other)?;
    whole(keys, ring.to_text().expose_secret())?;
    let new = State {
        contacts: arguments.contacts,
        seed: arguments.seed,
        left: format!("L{}", &id[id.len() - 19..]),
        right: format!("R{}", &id[id.len() - 19..]),
        tenant: format!("contact-sync-{id}"),
    };
    whole(state, &serde_json::to_string(&new)?)
}

/// Writes a file that is there whole or not at all, for its owner alone.
fn whole(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&draft)?.write_all(text.as_bytes())?;
    fs::rename(draft, path)
}

/// The folder that belongs to a database.
fn beside(database: &str) -> Result<PathBuf> {
    if let Some(file) = database.strip_prefix("sqlite:") {
        let file = file.strip_prefix("//").unwrap_or(file);
        let file = file.split('?').next().unwrap_or(file);
        if file.is_empty() || file == ":memory:" {
            return Err(Error::config(
                "a database in memory does not survive a kill: name a file, as in --database sqlite:contact-sync.db",
            ));
        }
        return Ok(format!("{file}.crms").into());
    }
    // The URL may hold a password, so that only its hash is a name.
    let hash = database
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    Ok(format!("contact-sync-{hash:016x}.crms").into())
}
