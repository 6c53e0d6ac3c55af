use ghl_client::opportunities::OpportunityDetails;
use ghl_client::{Filter, Range, Sort};
use serde_json::{Value, json};

use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    let location = cases.location();
    let opportunity = json!({
        "id": "opp1", "name": "New roof", "monetaryValue": 500.5, "pipelineId": "pip1", "pipelineStageId": "sta1",
        "assignedTo": "use1", "status": "open", "source": "website", "lostReasonId": "rea1", "indexVersion": 1,
        "lastStatusChangeAt": "2026-01-02T12:00:00.000Z", "lastStageChangeAt": "2026-01-02T12:00:00.000Z",
        "lastActionDate": "2026-01-02T12:00:00.000Z", "createdAt": "2026-01-02T12:00:00.000Z",
        "updatedAt": "2026-01-02T12:00:00.000Z", "contactId": "cnt1", "locationId": "loc1",
        "contact": {"id": "cnt1", "name": "Jane Example", "companyName": "Example Dental", "email": "jane@example.com",
                    "phone": "+12025550100", "tags": ["vip"]},
        "customFields": [{"id": "fld1", "fieldValue": ["a", "b"]}], "followers": ["use1"],
        "notes": [{"id": "n"}], "tasks": [{"id": "t"}], "calendarEvents": [{"id": "e"}], "externalObjectId": "x",
        "forecastExpectedCloseDate": "2026-05-20", "forecastSlippageCount": 2, "effectiveProbability": 40.5,
        "searchAfter": [1_767_355_200_000_i64, "opp1"]
    });
    let found = json!({"opportunities": [opportunity], "total": 1, "aggregations": {"sum": 1}});
    let path = "POST /opportunities/search";
    cases
        .required(
            location.opportunities().search(),
            path,
            json!({"locationId": "loc1", "limit": 100}),
            &found,
        )
        .await;
    let mut full = location
        .opportunities()
        .search()
        .limit(20_u32)
        .query("roof")
        .filter(Filter::eq("status", "open"))
        .filter(Filter::one_of("pipeline_id", ["pip1", "pip2"]))
        .sort(vec![Sort::descending("date_added")])
        .search_after(vec![json!("1767355200000"), json!("opp0")])
        .additional_details(OpportunityDetails::all());
    full.request_mut().page = Some(1);
    cases
        .full(
            full,
            path,
            json!({
                "locationId": "loc1", "limit": 20, "query": "roof", "page": 1,
                "filters": [
                    {"field": "status", "operator": "eq", "value": "open"},
                    {"group": "OR", "filters": [
                        {"field": "pipeline_id", "operator": "eq", "value": "pip1"},
                        {"field": "pipeline_id", "operator": "eq", "value": "pip2"}
                    ]}
                ],
                "sort": [{"field": "date_added", "direction": "desc"}],
                "searchAfter": ["1767355200000", "opp0"],
                "additionalDetails": {"notes": true, "tasks": true, "calendarEvents": true, "unReadConversations": true}
            }),
            &found,
        )
        .await;
    objects(cases).await;
}

async fn objects(cases: &mut Cases) {
    let location = cases.location();
    let objects = location.objects();
    let origin = json!({"channel": "WEB_USER", "createdAt": "2026-01-02T12:00:00Z", "source": "PUBLIC_API", "sourceId": "use1"});
    let record = json!({
        "id": "rec1", "owner": ["use1"], "followers": ["use2"], "createdAt": "2026-01-02T12:00:00Z",
        "properties": {"name": "Buddy", "money": {"currency": "default", "value": 100}, "tags": ["a"]},
        "updatedAt": "2026-01-02T12:00:00Z", "locationId": "loc1", "objectId": "obj1",
        "objectKey": "custom_objects.pet", "createdBy": origin, "lastUpdatedBy": origin,
        "searchAfter": [1_767_355_200_000_i64, "rec1"]
    });
    let found: Value = json!({"records": [record], "total": 1});
    let path = "POST /objects/custom_objects.pet/records/search";
    cases
        .required(
            objects.search_records("custom_objects.pet"),
            path,
            json!({"locationId": "loc1", "pageLimit": 100, "page": 1}),
            &found,
        )
        .await;
    let older = Range::new().below("2026-01-01");
    let mut full = objects
        .search_records("custom_objects.pet")
        .page_limit(20_u32)
        .query("name:Buddy")
        .filter(Filter::range("createdAt", older))
        .sort(vec![Sort::ascending("createdAt")])
        .search_after(vec![json!("1767355200000"), json!("rec0")]);
    full.request_mut().page = Some(1);
    cases
        .full(
            full,
            path,
            json!({
                "locationId": "loc1", "pageLimit": 20, "query": "name:Buddy", "page": 1,
                "filters": [{"field": "createdAt", "operator": "range", "value": {"lt": "2026-01-01"}}],
                "sort": [{"field": "createdAt", "direction": "asc"}],
                "searchAfter": ["1767355200000", "rec0"]
            }),
            &found,
        )
        .await;
}
