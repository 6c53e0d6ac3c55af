//! A file that is there when it is complete, and not before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::TryStreamExt;
use integrations_core::{Error, ErrorKind, Result};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::DownloadStream;

/// Names that were tried before a folder is taken for unusable.
const TRIES: u32 = 100;

pub(super) async fn save(mut chunks: DownloadStream, path: &Path) -> Result<u64> {
    let failed = |error| unwritable(path, error);
    let (mut file, part) = Part::create(path).await.map_err(failed)?;
    // Before the first byte, so that nobody reads what the old file kept from them.
    #[cfg(unix)]
    keep_mode(&file, path).await.map_err(failed)?;
    let mut length = 0;
    while let Some(chunk) = chunks.try_next().await? {
        length += chunk.len() as u64;
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    // Before the name says so, the bytes have to be there, even after a power failure.
    file.sync_all().await.map_err(failed)?;
    drop(file);
    fs::rename(&part.0, path).await.map_err(failed)?;
    part.keep();
    Ok(length)
}

/// Gives a file the mode of the one that it will replace.
#[cfg(unix)]
async fn keep_mode(file: &File, target: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let Ok(old) = fs::metadata(target).await else {
        return Ok(());
    };
    let permissions = |mode: u32| std::fs::Permissions::from_mode(mode & 0o777);
    let old_mode = permissions(old.permissions().mode());
    // Some file systems know no modes, and refuse to change any.
    if old.is_file() && permissions(file.metadata().await?.permissions().mode()) != old_mode {
        file.set_permissions(old_mode).await?;
    }
    Ok(())
}

/// An incomplete file, which goes when this is dropped.
struct Part(PathBuf);

impl Part {
    async fn create(target: &Path) -> io::Result<(File, Self)> {
        static PARTS: AtomicU64 = AtomicU64::new(0);
        if target.file_name().is_none() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut tries = 0;
        loop {
            let number = PARTS.fetch_add(1, Ordering::Relaxed);
            // Short, whatever the target's name: that may be as long as the system takes.
            let own = format!(".download-{}-{number}.part", std::process::id());
            let part = Self(target.with_file_name(own));
            let options = OpenOptions::new().write(true).create_new(true).clone();
            match options.open(&part.0).await {
                Ok(file) => return Ok((file, part)),
                Err(error) => {
                    // It is somebody else's.
                    part.keep();
                    tries += 1;
                    if error.kind() != io::ErrorKind::AlreadyExists || tries == TRIES {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // Not awaited, because a download can be dropped at any point. What cannot be removed has a telling name.
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    // The file's name alone: a folder may be named after a person or a tenant.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    Error::new(
        ErrorKind::Other,
        format!("the file {shown} cannot be written: look at its folder and the free space"),
    )
    .with_source(error)
}
