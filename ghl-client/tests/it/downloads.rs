//! Answers that are not JSON: files as streams, and answers that nobody documents.

mod saved;
mod socket;
mod untyped;

use std::time::Duration;

use ghl_client::ids::MessageId;
use ghl_client::{Call, Download, Endpoint, ErrorKind, Location, Spec};
use http::Method;
use integrations_core::http::CannedTransport;

use crate::support::location;

/// An operation that answers a file.
#[derive(Debug, Clone)]
pub(crate) struct GetFile(pub(crate) MessageId);

impl Endpoint for GetFile {
    const SPEC: Spec =
        Spec::new("test.file", Method::GET, "/files/{id}").scopes(&["files.readonly"]);
    type Response = Download;

    fn path(&self) -> Vec<&str> {
        vec![self.0.as_str()]
    }
}

pub(crate) fn file(location: &Location) -> Call<GetFile> {
    location.call(GetFile("msg1".into()))
}

pub(crate) fn wave(headers: &[(&str, &str)], body: &str) -> CannedTransport {
    let mut all = vec![("content-type", "audio/x-wav"), ("x-request-id", "req1")];
    all.extend(headers);
    CannedTransport::new().answer_with(200, &all, body)
}

#[tokio::test(start_paused = true)]
async fn a_file_comes_with_what_its_headers_say() {
    let name = "attachment; filename=\"call 1.wav\"";
    let transport = wave(
        &[("content-disposition", name), ("content-length", "4")],
        "RIFF",
    );
    let download = file(&location(&transport)).send().await.unwrap();
    assert_eq!(download.status(), 200);
    assert_eq!(download.content_type(), Some("audio/x-wav"));
    assert_eq!(download.content_length(), Some(4));
    assert_eq!(download.file_name().as_deref(), Some("call 1.wav"));
    assert_eq!(&download.bytes().await.unwrap()[..], b"RIFF");
    // Whoever asks for audio must not say that only JSON will do.
    assert_eq!(transport.sent()[0].headers["accept"], "*/*");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_too_large_for_memory_is_an_error() {
    for length in [None, Some(("content-length", "5"))] {
        let transport = wave(length.as_slice(), "RIFF5");
        let download = file(&location(&transport)).send().await.unwrap();
        let error = download.with_limit(4).bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.code(), Some("too_large"));
        assert_eq!(error.operation(), Some("test.file"));
        assert!(error.to_string().contains("larger than 4 bytes"), "{error}");
        assert!(!error.is_retryable());

        let transport = wave(length.as_slice(), "RIFF5");
        let download = file(&location(&transport)).send().await.unwrap();
        assert_eq!(download.with_limit(5).bytes().await.unwrap().len(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_announced_longer_than_it_comes_is_an_error() {
    let transport = wave(&[("content-length", "9")], "RIFF");
    let download = file(&location(&transport)).send().await.unwrap();
    let error = download.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.provider(), Some("gohighlevel"));
    assert!(error.is_retryable() && !error.is_outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn text_is_read_as_text() {
    let transport = CannedTransport::new()
        .answer(200, "Robin: hello")
        .answer(200, "");
    let location = location(&transport);
    let text = file(&location).send().await.unwrap().text().await;
    assert_eq!(text.unwrap(), "Robin: hello");
    let text = file(&location).send().await.unwrap().text().await;
    assert_eq!(text.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_gateway_is_no_file() {
    let page = "<html>maintenance for Jane</html>";
    for content_type in ["text/html", "Text/HTML; charset=utf-8"] {
        let headers = [("content-type", content_type), ("x-request-id", "req1")];
        let transport = CannedTransport::new()
            .answer_with(203, &headers, page)
            .answer_with(200, &headers, page);
        let location = location(&transport);
        let error = file(&location).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.status().unwrap().as_u16(), 203);
        assert_eq!(error.operation(), Some("test.file"));
        let text = format!("{error} {error:?}");
        assert!(text.contains("text/html, a page of a gateway"), "{text}");
        assert!(!text.contains("Jane"), "{text}");
        assert!(!error.is_outcome_unknown(), "a read may come again");
        let raw = location.request(Method::GET, "/any/file");
        let error = raw.download().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Decode, Some("raw"))
        );
    }
    // All else is what was asked for, as far as anybody knows.
    for content_type in ["application/json", "text/plain", "text/htmlx"] {
        let transport =
            CannedTransport::new().answer_with(200, &[("content-type", content_type)], "{}");
        let download = file(&location(&transport)).send().await.unwrap();
        assert_eq!(&download.bytes().await.unwrap()[..], b"{}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_download_is_read_as_everywhere() {
    let refused = r#"{"statusCode":401,"message":"The token is not authorized for this scope."}"#;
    let transport = CannedTransport::new()
        .answer(503, "")
        .answer(401, refused)
        .answer(404, r#"{"message":"gone"}"#);
    let location = location(&transport);
    // The first attempt fails and comes again.
    let error = file(&location).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(error.to_string().contains("files.readonly"), "{error}");
    assert_eq!(error.attempts(), 2);
    let error = file(&location).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn debug_shows_no_content_and_no_name() {
    let name = "attachment; filename=\"Jane Example.wav\"";
    let transport = wave(&[("content-disposition", name)], "RIFF");
    let download = file(&location(&transport)).send().await.unwrap();
    let text = format!("{download:?} {:?}", file(&location(&transport)));
    assert!(text.contains("audio/x-wav"), "{text}");
    assert!(!text.contains("RIFF") && !text.contains("Jane"), "{text}");
    assert_eq!(format!("{:?}", download.into_stream()), "DownloadStream");
}

#[tokio::test(start_paused = true)]
async fn a_call_of_any_path_can_answer_a_file() {
    let transport = wave(&[], "RIFF");
    let call = location(&transport).request(Method::GET, "/any/file");
    let download = call.with_timeout(Duration::from_secs(1)).download().await;
    assert_eq!(&download.unwrap().bytes().await.unwrap()[..], b"RIFF");
    assert_eq!(transport.sent()[0].headers["accept"], "*/*");
}

/// The names of what is in a folder.
pub(crate) fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
