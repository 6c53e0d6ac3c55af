//! Downloads that are written to a file.

use ghl_client::ErrorKind;

use super::{file, names, wave};
use crate::support::location;

#[tokio::test(start_paused = true)]
async fn a_file_is_saved_under_its_name_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    std::fs::write(&path, "old").unwrap();
    let transport = wave(&[], "RIFF").answer_with(200, &[("content-length", "9")], "RIFF");
    let location = location(&transport);

    let length = file(&location).send().await.unwrap().save_to(&path).await;
    assert_eq!(length.unwrap(), 4);
    assert_eq!(std::fs::read(&path).unwrap(), b"RIFF");

    // What breaks off leaves the old file as it was, and nothing beside it.
    let download = file(&location).send().await.unwrap();
    let error = download.save_to(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(std::fs::read(&path).unwrap(), b"RIFF");
    assert_eq!(names(folder.path()), ["call.wav"]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_written_is_an_error_that_names_the_file_only() {
    let transport = wave(&[], "RIFF");
    let location = location(&transport);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jane-example/call.wav");
    let download = file(&location).send().await.unwrap();
    let error = download.save_to(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.operation(), Some("test.file"));
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("call.wav") && !text.contains("jane-example"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_may_be_as_long_as_the_system_takes() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{}.wav", "a".repeat(251));
    let path = folder.path().join(&name);
    let transport = wave(&[], "RIFF");
    let download = file(&location(&transport)).send().await.unwrap();
    assert_eq!(download.save_to(&path).await.unwrap(), 4);
    assert_eq!(names(folder.path()), [name]);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_file_that_is_replaced_keeps_its_mode() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    for mode in [0o600, 0o640, 0o400, 0o666] {
        let path = folder.path().join(format!("{mode:o}.wav"));
        std::fs::write(&path, "old").unwrap();
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let transport = wave(&[], "RIFF");
        let download = file(&location(&transport)).send().await.unwrap();
        download.save_to(&path).await.unwrap();
        let kept = metadata(&path).unwrap().permissions().mode();
        assert_eq!(kept & 0o777, mode, "{kept:o}");
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_link_is_replaced_and_what_it_leads_to_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (
        folder.path().join("call.wav"),
        folder.path().join("link.wav"),
    );
    std::fs::write(&path, "old").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let transport = wave(&[], "RIFF");
    let download = file(&location(&transport)).send().await.unwrap();
    download.save_to(&link).await.unwrap();
    assert!(!std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read(&link).unwrap(), b"RIFF");
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
}
