//! Files that are sent, over real sockets.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use ghl_client::medias::UploadMedia;
use ghl_client::social_planner::UploadCsv;
use ghl_client::{Call, Client, ErrorKind, FieldFile, Location, Upload};
use http::HeaderValue;
use integrations_core::http::{CannedTransport, Multipart};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{location, multipart};

fn to(server: &MockServer) -> Location {
    let client = Client::builder().private_token("pit-1");
    let client = client.base_url(&server.uri()).build().unwrap();
    client.location("loc1")
}

fn uploaded() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"fileId": "fil1", "url": "https://example.com/1"}))
}

/// A server that fails once, after it did this, and takes every further upload.
async fn fails_once(before: impl Fn() + Send + Sync + 'static) -> MockServer {
    let server = MockServer::start().await;
    let fail = move |_: &Request| {
        before();
        ResponseTemplate::new(503)
    };
    Mock::given(method("POST"))
        .respond_with(fail)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(uploaded())
        .mount(&server)
        .await;
    server
}

/// A call that comes again.
fn repeated(location: &Location, file: Upload) -> Call<UploadMedia> {
    let call = location.call(UploadMedia::new(file));
    call.with_idempotent(true)
}

#[tokio::test]
async fn a_large_file_arrives_byte_for_byte_and_with_its_length() {
    let server = MockServer::start().await;
    Mock::given(path("/conversations/messages/upload"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(
                json!({"uploadedFiles": {"clip.mp4": "https://example.com/clip.mp4"}}),
            ),
        )
        .expect(1)
        .mount(&server)
        .await;
    let content: Vec<u8> = (0..20 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clip.mp4");
    std::fs::write(&file, &content).unwrap();

    let location = to(&server);
    let call = location.messages().upload("con1", "cnt1");
    let sent = call.file(Upload::from_path(&file)).send().await.unwrap();
    assert_eq!(
        sent.uploaded_files["clip.mp4"],
        "https://example.com/clip.mp4"
    );

    let requests = server.received_requests().await.unwrap();
    let request = &requests[0];
    let length = request.headers["content-length"].to_str().unwrap();
    assert_eq!(length, request.body.len().to_string());
    assert!(!request.headers.contains_key("transfer-encoding"));
    let start = request
        .body
        .windows(4)
        .position(|window| window == b"\x00\x01\x02\x03")
        .unwrap();
    assert!(request.body[start..start + content.len()] == content);
    let head = std::str::from_utf8(&request.body[..start]).unwrap();
    assert!(
        head.contains("name=\"fileAttachment\"; filename=\"clip.mp4\"\r\ncontent-type: video/mp4")
    );
    let tail = std::str::from_utf8(&request.body[start + content.len()..]).unwrap();
    assert!(
        tail.starts_with("\r\n--form-") && tail.ends_with("--\r\n"),
        "{tail}"
    );
}

#[tokio::test]
async fn a_file_on_disk_or_in_memory_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, "content").unwrap();
    for upload in [
        Upload::from_path(&file),
        Upload::from_bytes("a.txt", "content"),
    ] {
        let server = fails_once(|| ()).await;
        repeated(&to(&server), upload).send().await.unwrap();
        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 2);
        for request in requests {
            let form = multipart(&request.headers["content-type"], &request.body);
            assert_eq!(form["file"], json!(["a.txt", "text/plain", "content"]));
        }
    }
}

#[tokio::test]
async fn a_reader_or_stream_is_sent_once() {
    let server = fails_once(|| ()).await;
    let reader = Upload::from_reader("a.txt", &b"content"[..]);
    let error = repeated(&to(&server), reader).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.code(), Some("upload_spent"));
    assert_eq!(error.operation(), Some("medias.upload"));
    assert!(error.attempts() > 1);
    assert!(!error.is_retryable() && !error.is_outcome_unknown());

    // Not repeated, it just arrives: in pieces without a length, or with the length that is known.
    for length in [None, Some(7)] {
        let chunks = ["con", "", "tent"].map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
        let mut upload = Upload::from_stream("a.txt", stream::iter(chunks));
        if let Some(length) = length {
            upload = upload.with_length(length);
        }
        let call = to(&server).call(UploadMedia::new(upload));
        assert_eq!(call.send().await.unwrap().file_id.as_deref(), Some("fil1"));
        let request = server.received_requests().await.unwrap().pop().unwrap();
        let form = multipart(&request.headers["content-type"], &request.body);
        assert_eq!(form["file"][2], "content");
        assert_eq!(
            request.headers.contains_key("content-length"),
            length.is_some()
        );
    }
}

#[tokio::test]
async fn a_stream_of_another_length_than_announced_is_an_error() {
    let server = fails_once(|| ()).await;
    for (length, word) in [(6, "longer"), (8, "shorter")] {
        let upload = Upload::from_reader("a.txt", &b"content"[..]).with_length(length);
        let error = to(&server)
            .call(UploadMedia::new(upload))
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
        assert!(
            error.to_string().contains(word) && error.to_string().contains("a.txt"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_breaks_says_so() {
    let server = fails_once(|| ()).await;
    let chunks = [
        Ok(Bytes::from_static(b"con")),
        Err(io::Error::other("the disk is gone")),
    ];
    let upload = Upload::from_stream("a.txt", stream::iter(chunks));
    let error = to(&server)
        .call(UploadMedia::new(upload))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the disk is gone"
    );
    assert!(!error.is_outcome_unknown());
}

#[tokio::test]
async fn a_file_that_goes_before_it_is_sent_again_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, "content").unwrap();
    let gone = file.clone();
    let server = fails_once(move || std::fs::remove_file(&gone).unwrap()).await;
    let error = repeated(&to(&server), Upload::from_path(&file))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    assert!(
        error.to_string().contains("a.txt cannot be opened"),
        "{error}"
    );
    assert!(error.attempts() > 1);
}

#[tokio::test]
async fn a_call_of_any_path_uploads_as_well() {
    let server = fails_once(|| ()).await;
    let upload = Upload::from_reader("a.txt", &b"content"[..]).with_length(9);
    let form = Multipart::new().with(upload.to_part("file").unwrap());
    let call = to(&server).request(http::Method::POST, "/any");
    let error = call.multipart(form).send_reply().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_there_is_named_before_anything_is_sent() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("jane-example/quote.pdf");
    let directory = folder.path().join("photos");
    std::fs::create_dir(&directory).unwrap();
    for (path, says) in [
        (&missing, "quote.pdf cannot be opened"),
        (&directory, "photos is not a file"),
    ] {
        let call = location.call(UploadCsv::new("loc1", Upload::from_path(path)));
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        let text = format!("{error} {error:?}");
        assert!(
            text.contains(says) && !text.contains("jane-example"),
            "{text}"
        );
    }
    assert!(transport.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_upload_without_a_file_is_refused() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    let errors = [
        location
            .messages()
            .upload("con1", "cnt1")
            .send()
            .await
            .unwrap_err(),
        location
            .upload_custom_field_files()
            .id("cnt1")
            .send()
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    }
    assert!(transport.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_upload_has_its_time() {
    let minutes = Duration::from_secs(10 * 60);
    let transport = CannedTransport::new().answer(200, "{}").after(minutes);
    let location = location(&transport);
    let call = || location.call(UploadMedia::new(Upload::from_bytes("a.txt", "content")));
    call().send().await.unwrap();

    let _ = transport.clone().answer(200, "{}").after(minutes);
    let error = call().with_timeout(minutes / 2).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_outcome_unknown(), "the whole file may be there");
}

#[test]
fn uploads_are_the_same_when_their_source_is() {
    let disk = Upload::from_path("folder/Jane Example.PDF");
    assert_eq!(disk.file_name(), "Jane Example.PDF");
    assert_eq!(disk.content_type(), "application/pdf");
    assert_eq!(disk, Upload::from_path("folder/Jane Example.PDF"));
    assert_ne!(disk, disk.clone().with_file_name("b"));
    assert_ne!(disk, Upload::from_path("other/Jane Example.PDF"));
    let memory = Upload::from_bytes("a", "secret content");
    assert_eq!(memory, Upload::from_bytes("a", "secret content"));
    let reader = || Upload::from_reader("a", &b"x"[..]);
    let one = reader();
    assert_eq!(one, one.clone());
    assert_ne!(one, reader());

    let shown = format!("{disk:?} {memory:?} {one:?}");
    assert!(
        !shown.contains("Jane") && !shown.contains("secret"),
        "{shown}"
    );
    let fields = [1, 2].map(|_| FieldFile::new("fld1", reader()).field);
    assert!(fields[0].starts_with("fld1_") && fields[0] != fields[1]);
}

#[test]
fn a_name_cannot_end_its_header() {
    let upload = Upload::from_bytes("a\"\r\nx: y.pdf", "PDF").with_content_type("a/b\r\nx: y");
    let form = Multipart::new().with(upload.to_part("file\r\n").unwrap());
    let mut headers = http::HeaderMap::new();
    let integrations_core::http::Body::Bytes(body) = form.into_body(&mut headers) else {
        panic!("in memory")
    };
    let content_type: &HeaderValue = &headers["content-type"];
    let form = multipart(content_type, &body);
    assert_eq!(
        form["file%0D%0A"],
        json!(["a%22%0D%0Ax: y.pdf", "a/bx: y", "PDF"])
    );
}
