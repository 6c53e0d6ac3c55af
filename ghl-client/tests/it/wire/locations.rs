use ghl_client::SortOrder;
use serde_json::json;

use super::NONE;
use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    let client = cases.client();
    let location = json!({
        "id": "loc1", "companyId": "com1", "name": "Example Dental", "domain": "go.example.com",
        "address": "1 Example Street", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US",
        "logoUrl": "https://example.com/logo.png", "website": "https://example.com", "timezone": "US/Central",
        "firstName": "Robin", "lastName": "Sample", "email": "robin@example.com", "phone": "+12025550100",
        "business": {"name": "Example Dental", "timezone": "America/Chicago", "country": "US"},
        "social": {"facebookUrl": "https://facebook.example.com/x", "linkedIn": "x", "googlePlacesId": "ChIJ"},
        "settings": {"allowDuplicateContact": false, "allowDuplicateOpportunity": true,
                     "allowFacebookNameMerge": false, "disableContactTimezone": true},
        "reseller": {"any": 1}
    });
    let one = json!({"location": location});
    cases
        .only(
            client.locations().get("loc 1/x"),
            "GET /locations/loc%201%2Fx",
            NONE,
            &one,
        )
        .await;

    let found = json!({"locations": [location]});
    cases
        .required(
            client.locations().search(),
            "GET /locations/search",
            NONE,
            &found,
        )
        .await;
    cases
        .full(
            client
                .locations()
                .search()
                .company_id("com1")
                .email("a+b@example.com")
                .order(SortOrder::Descending)
                .skip(20_u32)
                .limit(50_u32),
            "GET /locations/search?companyId=com1&email=a%2Bb%40example.com&order=desc&skip=20&limit=50",
            NONE,
            &found,
        )
        .await;
}
