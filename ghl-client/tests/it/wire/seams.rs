use ghl_client::forms::UploadCustomFiles;
use ghl_client::medias::UploadMedia;
use ghl_client::social_planner::UploadCsv;
use ghl_client::{FieldFile, Upload};
use serde_json::json;

use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    let location = cases.location();
    let quote = || Upload::from_bytes("quote.pdf", "PDF");
    let sent = json!(["quote.pdf", "application/pdf", "PDF"]);

    let mut request = UploadCustomFiles::new("loc1", "cnt1");
    request.files = vec![
        FieldFile::with_id("fld1", "one", quote()),
        FieldFile::with_id("fld2", "two", quote()),
    ];
    cases
        .only(
            location.call(request),
            "POST /forms/upload-custom-files?contactId=cnt1&locationId=loc1",
            json!({"fld1_one": sent, "fld2_two": sent}),
            &json!({"contact": {"id": "cnt1"}}),
        )
        .await;

    let uploaded = json!({
        "uploadedFiles": {"quote.pdf": "https://example.com/quote.pdf"},
        "meta": [{"fieldname": "fld1_one", "originalname": "quote.pdf", "encoding": "7bit",
                  "mimetype": "application/pdf", "size": 3, "url": "https://example.com/quote.pdf"}]
    });
    let path = "POST /locations/loc1/customFields/upload";
    let call = location.upload_custom_field_files();
    cases
        .required(
            call.clone().file(FieldFile::named("quote.pdf", quote())),
            path,
            json!({"quote.pdf": sent}),
            &uploaded,
        )
        .await;
    cases
        .full(
            call.id("cnt1")
                .max_files(15_u32)
                .file(FieldFile::with_id("fld1", "one", quote())),
            path,
            json!({"id": "cnt1", "maxFiles": "15", "fld1_one": sent}),
            &uploaded,
        )
        .await;

    let media = json!({"fileId": "fil1", "url": "https://example.com/quote.pdf"});
    let path = "POST /medias/upload-file";
    let url = "https://example.com/quote.pdf";
    cases
        .required(
            location.call(UploadMedia::hosted(url)),
            path,
            json!({"hosted": "true", "fileUrl": url}),
            &media,
        )
        .await;
    let call = location.call(UploadMedia::new(quote()));
    cases
        .full(
            call.name("Quote").parent_id("fol1"),
            path,
            json!({"hosted": "false", "name": "Quote", "parentId": "fol1", "file": sent}),
            &media,
        )
        .await;

    let posts = Upload::from_bytes("posts.csv", "a,b");
    cases
        .only(
            location.call(UploadCsv::new("loc1", posts)),
            "POST /social-media-posting/loc1/csv",
            json!({"file": ["posts.csv", "text/csv", "a,b"]}),
            &json!({
                "success": true, "statusCode": 201, "message": "Uploaded CSV",
                "results": {"filePath": "x/y.csv", "rowsCount": 6, "fileName": "posts.csv", "fileSize": 3,
                            "csvFileType": "basic"}
            }),
        )
        .await;
}
