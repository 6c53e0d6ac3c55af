use ghl_client::contacts::{
    Contacts, CustomFieldInput, DndSetting, DndSettings, Filter, Range, Sort,
};
use integrations_core::Patch;
use serde_json::{Value, json};

use super::NONE;
use crate::support::Cases;

fn contact() -> Value {
    json!({
        "id": "cnt1", "name": "Jane Sample", "locationId": "loc1", "firstName": "Jane", "lastName": "Sample",
        "email": "jane@example.com", "emailLowerCase": "jane@example.com", "timezone": "America/Chicago",
        "companyName": "Example", "phone": "+12025550123", "dnd": true, "type": "lead", "source": "form",
        "dndSettings": {"SMS": {"status": "active", "message": "STOP", "code": "101"}, "Call": {"status": "inactive"},
                        "WhatsApp": {"status": "permanent"}},
        "assignedTo": "use1", "address1": "1 Example Street", "city": "Springfield", "state": "IL", "country": "US",
        "postalCode": "62701", "website": "https://example.com", "tags": ["vip"], "dateOfBirth": "1990-09-25",
        "dateAdded": "2026-01-02T12:00:00.000Z", "dateUpdated": "2026-01-02T12:00:00.000Z",
        "customFields": [{"id": "fie1", "value": "x"}, {"id": "fie2", "value": ["a", "b"]}], "businessId": "bus1",
        "additionalEmails": [{"email": "j@example.com"}], "attributionSource": {"url": "https://example.com"},
        "lastAttributionSource": {"url": "https://example.com"}
    })
}

pub(crate) async fn add(cases: &mut Cases) {
    let location = cases.location();
    let contacts = location.contacts();
    simple(cases, contacts).await;
    writes(cases, contacts).await;
    search(cases, contacts).await;
}

async fn simple(cases: &mut Cases, contacts: Contacts<'_>) {
    cases
        .only(
            contacts.get("a/../b?c"),
            "GET /contacts/a%2F..%2Fb%3Fc",
            NONE,
            &json!({"contact": contact(), "traceId": "tra1"}),
        )
        .await;
    cases
        .only(
            contacts.delete("cnt1"),
            "DELETE /contacts/cnt1",
            NONE,
            &json!({"succeded": true}),
        )
        .await;
    let tags = json!({"tags": ["vip", "new"]});
    cases
        .only(
            contacts.add_tags("cnt1", ["vip", "new"]),
            "POST /contacts/cnt1/tags",
            json!({"tags": ["vip", "new"]}),
            &tags,
        )
        .await;
    cases
        .only(
            contacts.remove_tags("cnt1", ["old"]),
            "DELETE /contacts/cnt1/tags",
            json!({"tags": ["old"]}),
            &tags,
        )
        .await;
}

/// Sets every field that creating and upserting share.
macro_rules! all_fields {
    ($call:expr) => {
        $call
            .first_name("Jane")
            .last_name("Sample")
            .name("Jane Sample")
            .email("jane@example.com")
            .phone("+12025550123")
            .gender("female")
            .address1("1 Example Street")
            .city("Springfield")
            .state("IL")
            .postal_code("62701")
            .country("US")
            .website("https://example.com")
            .timezone("America/Chicago")
            .company_name("Example")
            .source("form")
            .assigned_to("use1")
            .date_of_birth("1990-09-25")
            .dnd(true)
            .dnd_settings(blocked())
            .tags(vec!["vip".to_owned()])
            .custom_fields(vec![CustomFieldInput::new("fie1", "x")])
    };
}

fn blocked() -> DndSettings {
    let setting: DndSetting =
        serde_json::from_value(json!({"status": "active", "message": "m", "code": "c"})).unwrap();
    let mut settings: DndSettings = serde_json::from_value(json!({})).unwrap();
    settings.call = Some(setting.clone());
    settings.email = Some(setting.clone());
    settings.sms = Some(setting.clone());
    settings.whats_app = Some(setting.clone());
    settings.gmb = Some(setting.clone());
    settings.fb = Some(setting);
    settings
}

fn all_fields() -> Value {
    let setting = json!({"status": "active", "message": "m", "code": "c"});
    json!({
        "firstName": "Jane", "lastName": "Sample", "name": "Jane Sample",
        "email": "jane@example.com", "phone": "+12025550123", "gender": "female", "address1": "1 Example Street",
        "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US", "website": "https://example.com",
        "timezone": "America/Chicago", "companyName": "Example", "source": "form", "assignedTo": "use1",
        "dateOfBirth": "1990-09-25", "dnd": true, "tags": ["vip"], "customFields": [{"id": "fie1", "field_value": "x"}],
        "dndSettings": {"Call": setting, "Email": setting, "SMS": setting, "WhatsApp": setting, "GMB": setting,
                        "FB": setting}
    })
}

async fn writes(cases: &mut Cases, contacts: Contacts<'_>) {
    let location = json!({"locationId": "loc1"});
    let mut full = all_fields();
    full["locationId"] = "loc1".into();
    let created = json!({"contact": contact()});
    cases
        .required(
            contacts.create(),
            "POST /contacts/",
            location.clone(),
            &created,
        )
        .await;
    cases
        .full(
            all_fields!(contacts.create()),
            "POST /contacts/",
            full.clone(),
            &created,
        )
        .await;

    let upserted = json!({"new": true, "contact": contact(), "traceId": "tra1"});
    let path = "POST /contacts/upsert";
    cases
        .required(contacts.upsert(), path, location, &upserted)
        .await;
    full["createNewIfDuplicateAllowed"] = true.into();
    cases
        .full(
            all_fields!(contacts.upsert()).create_new_if_duplicate_allowed(true),
            path,
            full,
            &upserted,
        )
        .await;

    let mut changes = all_fields();
    for absent in ["gender", "companyName"] {
        changes.as_object_mut().unwrap().remove(absent);
    }
    let updated = json!({"succeded": true, "contact": contact()});
    let path = "PUT /contacts/cnt1";
    cases
        .required(contacts.update("cnt1"), path, json!({}), &updated)
        .await;
    cases
        .required(
            contacts.update("cnt1").email(Patch::Clear).city("Oslo"),
            path,
            json!({"email": null, "city": "Oslo"}),
            &updated,
        )
        .await;
    cases
        .full(
            contacts
                .update("cnt1")
                .first_name("Jane")
                .last_name("Sample")
                .name("Jane Sample")
                .email("jane@example.com")
                .phone("+12025550123")
                .address1("1 Example Street")
                .city("Springfield")
                .state("IL")
                .postal_code("62701")
                .country("US")
                .website("https://example.com")
                .timezone("America/Chicago")
                .source("form")
                .assigned_to(ghl_client::ids::UserId::from("use1"))
                .date_of_birth("1990-09-25")
                .dnd(true)
                .dnd_settings(blocked())
                .tags(vec!["vip".to_owned()])
                .custom_fields(vec![CustomFieldInput::new("fie1", "x")]),
            path,
            changes,
            &updated,
        )
        .await;
}

async fn search(cases: &mut Cases, contacts: Contacts<'_>) {
    let mut hit = contact();
    hit["searchAfter"] = json!([1_767_355_200_000_i64, "cnt1"]);
    let found = json!({"contacts": [hit], "total": 1, "traceId": "tra1"});
    let path = "POST /contacts/search";
    cases
        .required(
            contacts.search(),
            path,
            json!({"locationId": "loc1", "pageLimit": 100, "page": 1}),
            &found,
        )
        .await;
    cases
        .full(
            contacts
                .search()
                .page_limit(500_u32)
                .query("jane")
                .filter(Filter::any([
                    Filter::eq("email", "jane@example.com"),
                    Filter::all([Filter::exists("phone"), Filter::contains("tags", "vip")]),
                ]))
                .filter(Filter::range("dateAdded", Range::new().at_least("2026-01-01").below("2027-01-01")))
                .sort(vec![Sort::descending("dateAdded"), Sort::ascending("email")]),
            path,
            json!({
                "locationId": "loc1", "pageLimit": 500, "page": 1, "query": "jane",
                "filters": [
                    {"group": "OR", "filters": [
                        {"field": "email", "operator": "eq", "value": "jane@example.com"},
                        {"group": "AND", "filters": [
                            {"field": "phone", "operator": "exists"},
                            {"field": "tags", "operator": "contains", "value": "vip"}
                        ]}
                    ]},
                    {"field": "dateAdded", "operator": "range", "value": {"gte": "2026-01-01", "lt": "2027-01-01"}}
                ],
                "sort": [{"field": "dateAdded", "direction": "desc"}, {"field": "email", "direction": "asc"}]
            }),
            &found,
        )
        .await;
}
